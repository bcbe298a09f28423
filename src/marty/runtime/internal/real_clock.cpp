#include "marty/runtime/internal/real_clock.hpp"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "marty/base/error.hpp"

namespace marty::runtime::internal {
namespace {

Duration read_clock(clockid_t id) noexcept {
  timespec time{};
  clock_gettime(id, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

#if defined(__x86_64__)

// The processor's counter between two looks at CLOCK_MONOTONIC: a third of the cost of asking the kernel. A thread asks
// again after 10 ms, so that the counter's rate, measured by those same looks, matters for that long only.
struct CounterClock {
  static constexpr double kTrustNanoseconds = 10e6;

  std::uint64_t ticks = 0;          // when it was last asked
  TimePoint asked{};                // what it said
  TimePoint time{};                 // what was told: never less than what had been told before
  std::uint64_t trusted_ticks = 0;  // 0: the rate is not known yet
  double nanoseconds_per_tick = 0;

  TimePoint at(std::uint64_t age) const noexcept {
    return time + Duration(static_cast<std::int64_t>(static_cast<double>(age) * nanoseconds_per_tick));
  }
  TimePoint ask() noexcept;
};

constinit thread_local CounterClock t_clock;

// Only where the kernel itself reckons with it: then it is steady, and the same on all cores.
bool counter_is_a_clock() {
  static const bool answer = [] {
    std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    std::string source;
    return file >> source && source == "tsc";
  }();
  return answer;
}

[[gnu::noinline]] TimePoint CounterClock::ask() noexcept {
  constexpr std::uint64_t kUndisturbedTicks = 10'000;
  const std::uint64_t before = __rdtsc();
  const TimePoint answer(read_clock(CLOCK_MONOTONIC));
  const std::uint64_t took = __rdtsc() - before;
  if (!counter_is_a_clock()) return answer;
  const std::uint64_t now_ticks = before + took / 2;
  const std::uint64_t age = now_ticks - ticks;
  const TimePoint told = age < 2 * trusted_ticks ? std::max(answer, at(age)) : answer;
  const double elapsed = static_cast<double>((answer - asked).count());
  if (took > kUndisturbedTicks || (ticks != 0 && elapsed < kTrustNanoseconds)) return told;
  if (ticks != 0 && elapsed < 100 * kTrustNanoseconds) {  // in a longer gap the machine may have slept
    const double rate = elapsed / static_cast<double>(age);
    const double ahead = static_cast<double>((told - answer).count());  // to be made up for until the next look
    nanoseconds_per_tick = rate * (1 - std::min(ahead / kTrustNanoseconds, 0.5));
    trusted_ticks = static_cast<std::uint64_t>(kTrustNanoseconds / rate);
  }
  ticks = now_ticks;
  asked = answer;
  time = told;
  return told;
}

#endif

}  // namespace

TimePoint real_now() noexcept {
#if defined(__x86_64__)
  const std::uint64_t age = __rdtsc() - t_clock.ticks;
  return age < t_clock.trusted_ticks ? t_clock.at(age) : t_clock.ask();
#else
  return TimePoint(read_clock(CLOCK_MONOTONIC));
#endif
}

Timestamp real_wall_now() noexcept {
  return Timestamp(std::chrono::duration_cast<Timestamp::duration>(read_clock(CLOCK_REALTIME)));
}

Duration thread_processor_time() noexcept { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

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
