#include "marty/http/internal/wire.hpp"

#include <algorithm>
#include <array>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kSlowPieceBytes = 64 * 1024;  // has to go out within the write timeout
constexpr runtime::Duration kLingerTimeout = std::chrono::seconds(2);
constexpr std::size_t kMaxLingerBytes = 1024 * 1024;

class Sending {
 public:
  explicit Sending(bool& now) : now_(now) { now_ = true; }
  ~Sending() { now_ = false; }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

 private:
  bool& now_;
};

}  // namespace

void Wire::flush() {
  if (out.empty() || sending_) return;  // whoever sends sends all of it
  const Sending sending(sending_);
  ++flushes_;
  const std::string_view bytes = out.bytes();
  const std::size_t sent = socket_.try_write({&bytes, 1});
  if (sent != bytes.size()) write_slowly(bytes.substr(sent));
  out.clear();
}

void Wire::flush_with(std::string_view first, std::string_view second) {
  const std::array<std::string_view, 3> parts{out.bytes(), first, second};
  const std::size_t total = parts[0].size() + first.size() + second.size();
  if (total == 0) return;
  const Sending sending(sending_);
  ++flushes_;
  std::size_t sent = socket_.try_write(parts);
  if (sent != total) {
    for (std::string_view part : parts) {
      const std::size_t skip = std::min(sent, part.size());
      part.remove_prefix(skip);
      sent -= skip;
      write_slowly(part);
    }
  }
  out.clear();
}

void Wire::write_slowly(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kSlowPieceBytes);
    const runtime::DeadlineScope scope(limits.write_timeout);
    socket_.write({piece});
    bytes.remove_prefix(piece.size());
  }
}

std::size_t Wire::read(std::span<char> buffer, runtime::TimePoint until) {
  if (const auto size = socket_.try_read(buffer)) return *size;
  const runtime::DeadlineScope scope(until);
  return socket_.read_some(buffer);
}

std::size_t Wire::read(std::span<char> buffer, runtime::Duration timeout) {
  if (const auto size = socket_.try_read(buffer)) return *size;
  const runtime::DeadlineScope scope(timeout);
  return socket_.read_some(buffer);
}

void Wire::linger() noexcept {
  try {
    socket_.shutdown_write();
    const runtime::DeadlineScope scope(kLingerTimeout);
    in.clear();
    for (std::size_t total = 0; total < kMaxLingerBytes;) {
      const std::size_t size = socket_.read_some(in.space());
      if (size == 0) return;
      total += size;
    }
  } catch (const std::exception&) {  // closing is what comes next in any case
  }
}

}  // namespace marty::http::internal
