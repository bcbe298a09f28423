// LoopLag: measures how long the loops of the world take to get to their work – what a handler that blocks one does to
// all others. Recorded in mmf_event_loop_lag_seconds{loop}, a little work once a second.
//
//   LoopLag lag(metrics);
//   lag.start();   // from a fiber; until stop(), from a fiber of the same loop
#pragma once

#include <memory>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::service {

class LoopLag {
 public:
  explicit LoopLag(telemetry::Metrics& metrics, runtime::Duration period = std::chrono::seconds(1));
  ~LoopLag();  // REQUIRES that it does not run

  void start();
  void stop() noexcept;

 private:
  class Watch;
  telemetry::Metrics& metrics_;
  const runtime::Duration period_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace marty::service
