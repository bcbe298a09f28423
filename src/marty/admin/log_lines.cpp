#include "marty/admin/log_lines.hpp"

#include <new>

namespace marty::admin {

void LogLines::write(std::string_view line) noexcept {
  next_.write(line);
  try {
    keep(line);
  } catch (const std::bad_alloc&) {
    // It is where lines belong; here it only would have been at hand.
  }
}

void LogLines::keep(std::string_view line) {
  constexpr std::size_t kOverhead = sizeof(std::string);
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
  bytes_ += line.size() + kOverhead;
  while (bytes_ > kMaxBytes) {
    bytes_ -= lines_.front().size() + kOverhead;
    lines_.pop_front();
  }
}

// Within a text a quote has a backslash before it, so this is the line's own member.
std::vector<std::string> LogLines::of_trace(telemetry::TraceId id) const {
  const std::string member = "\"trace_id\":\"" + telemetry::to_string(id) + "\"";
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const std::string& line : lines_) {
    if (line.find(member) != std::string::npos) found.push_back(line);
  }
  return found;
}

std::size_t LogLines::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace marty::admin
