// StallDetector: finds the loop that one callback or fiber holds for too long, and says where: a watchdog thread looks
// at each loop's heartbeat, and the stuck thread itself reports its stack from a signal handler. One report per stall.
// The loops pay one relaxed store per dispatch.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime::internal {

class Scheduler;

class StallDetector {
 public:
  StallDetector(std::vector<Scheduler*> loops, Duration threshold,
                std::function<void(std::string_view report)> on_stall);
  ~StallDetector();
  StallDetector(const StallDetector&) = delete;
  StallDetector& operator=(const StallDetector&) = delete;

 private:
  // What was last seen of a loop.
  struct Observation {
    Scheduler* loop;
    std::uint64_t dispatches = 0;
    TimePoint since{};
    bool reported = false;
  };
  void watch();
  void look_at(Observation& seen);

  const Duration threshold_;
  const std::function<void(std::string_view)> on_stall_;
  std::vector<Observation> seen_;
  std::mutex state_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread watchdog_;
};

}  // namespace marty::runtime::internal
