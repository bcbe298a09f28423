// ProcessMetrics: memory, processor time, descriptors and age of this process, under the names every Prometheus client
// library uses (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics), and how much of the
// memory is heap and stacks. Read from /proc at each scrape, some 50 us.
//
//   ProcessMetrics process(metrics);     // as long as it lives
#pragma once

#include <vector>

#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {

class ProcessMetrics {
 public:
  explicit ProcessMetrics(Metrics& metrics);

 private:
  std::vector<Observation> observations_;
};

}  // namespace marty::telemetry
