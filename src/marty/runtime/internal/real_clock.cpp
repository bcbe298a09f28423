#include "marty/runtime/internal/real_clock.hpp"

#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "marty/base/error.hpp"

namespace marty::runtime::internal {
namespace {

Duration read_clock(clockid_t id) noexcept {
  timespec time{};
  clock_gettime(id, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

TimePoint real_now() noexcept { return TimePoint(read_clock(CLOCK_MONOTONIC)); }

Timestamp real_wall_now() noexcept {
  return Timestamp(std::chrono::duration_cast<Timestamp::duration>(read_clock(CLOCK_REALTIME)));
}

void real_random_bytes(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = getrandom(bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      throw Error(Code::unavailable,
                  std::string("the system gives no random bytes: getrandom: ") + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
}

}  // namespace marty::runtime::internal
