// Alarm: wakes one fiber, from any thread. Ringing it again before it was heard costs a load.
#pragma once

#include <atomic>
#include <string_view>

#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"

namespace marty::otlp::internal {

class Alarm {
 public:
  void ring() noexcept {
    if (rung_.load(std::memory_order_relaxed) || rung_.exchange(true, std::memory_order_acq_rel)) return;
    rings_.release();
  }
  // Returns when it was rung, or at `time`. Throws cancelled.
  void wait_until(runtime::TimePoint time);

 private:
  std::atomic<bool> rung_ = false;
  runtime::Semaphore rings_{0};
};

}  // namespace marty::otlp::internal
