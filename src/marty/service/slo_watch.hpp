// SloWatch: follows the service level objectives while the service runs: mmf_slo_compliance_ratio,
// mmf_slo_error_budget_remaining_ratio and mmf_slo_burn_rate, from mmf_request_duration_seconds, each five seconds.
//
//   SloWatch slos(metrics);
//   slos.start(telemetry::default_slos());   // from a fiber; until stop(), from a fiber of the same loop
#pragma once

#include <memory>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/slo.hpp"

namespace marty::service {

class SloWatch {
 public:
  explicit SloWatch(telemetry::Metrics& metrics);
  ~SloWatch();  // REQUIRES that it does not run

  void start(const std::vector<telemetry::Slo>& slos);
  void stop() noexcept;

 private:
  class Watch;
  telemetry::Metrics& metrics_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace marty::service
