// Patience: how long threads may wait for something together, in each second: a budget of nanoseconds that every second
// fills up again. Any thread; two at the same moment may overdraw it by one wait each.
//
//   Patience patience(5'000'000);
//   while (!done()) {
//     if (!patience.left(now())) return give_up();
//     patience.spend(wait());                       // how long that took
//   }
#pragma once

#include <atomic>
#include <cstdint>

namespace marty::telemetry {

class Patience {
 public:
  explicit Patience(std::int64_t ns_a_second) : ns_a_second_(ns_a_second) {}

  // `now_ns` of any clock that does not go backwards.
  bool left(std::int64_t now_ns) noexcept {
    const std::int64_t second = now_ns / 1'000'000'000;
    if (second_.load(std::memory_order_relaxed) != second) {
      second_.store(second, std::memory_order_relaxed);
      left_.store(ns_a_second_, std::memory_order_relaxed);
    }
    return left_.load(std::memory_order_relaxed) > 0;
  }
  void spend(std::int64_t ns) noexcept { left_.fetch_sub(ns, std::memory_order_relaxed); }

 private:
  const std::int64_t ns_a_second_;
  std::atomic<std::int64_t> second_{-1};
  std::atomic<std::int64_t> left_{0};
};

}  // namespace marty::telemetry
