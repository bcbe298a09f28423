// RuntimeMetrics: what the loops and the blocking pools do, once a second: a little work. mmf_event_loop_lag_seconds is
// how long a loop takes to get to its work – what a handler that blocks one does to all others. In the simulated world,
// where no loop is ever late and a second costs nothing else, once a minute.
//
//   RuntimeMetrics runtime_metrics(metrics);
//   runtime_metrics.start();   // from a fiber; until stop(), from a fiber of the same loop
#pragma once

#include <memory>
#include <optional>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::service {

class RuntimeMetrics {
 public:
  explicit RuntimeMetrics(telemetry::Metrics& metrics, std::optional<runtime::Duration> period = std::nullopt);
  ~RuntimeMetrics();  // REQUIRES that it does not run

  void start();
  void stop() noexcept;

 private:
  class Watch;
  telemetry::Metrics& metrics_;
  const std::optional<runtime::Duration> period_;  // nothing: that of the world
  std::unique_ptr<Watch> watch_;
};

}  // namespace marty::service
