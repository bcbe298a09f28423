#include "marty/telemetry/log_sink.hpp"

#include <unistd.h>

#include <cerrno>
#include <new>

namespace marty::telemetry {

// Takes off `text` what the descriptor took; false where it takes no more now.
bool DescriptorSink::write_some(std::string_view& text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void DescriptorSink::write(std::string_view line) noexcept {
  const std::lock_guard lock(mutex_);
  if (!begun_.empty()) {
    std::string_view rest = begun_;
    const bool done = write_some(rest);
    begun_.erase(0, begun_.size() - rest.size());
    if (!done) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
  std::string_view rest = line;
  if (write_some(rest)) return;
  if (rest.size() == line.size()) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  } else {
    keep(rest);
  }
}

// Where there is no memory for the rest the line stays broken, and ends there: the next one begins anew.
void DescriptorSink::keep(std::string_view rest) noexcept {
  try {
    begun_.assign(rest);
  } catch (const std::bad_alloc&) {
    begun_.assign(1, '\n');  // fits without memory of its own
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void RecordingSink::write(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  const std::lock_guard lock(mutex_);
  try {
    lines_.emplace_back(line);
  } catch (const std::bad_alloc&) {
    count_dropped();
  }
}

std::vector<std::string> RecordingSink::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void RecordingSink::clear() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

}  // namespace marty::telemetry
