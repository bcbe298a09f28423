// MetricsEncoder: one reading of the registry as ScopeMetrics.metrics (2), piece by piece.
//
//   MetricsEncoder encoder(metrics.read(), started, now);
//   while (encoder.encode(request, request.size() + kSliceBytes) != 0) runtime::yield();
//
// Sums and histograms are cumulative since `started`. A value that could not be read (NaN) is left out. Source:
// opentelemetry/proto/metrics/v1/metrics.proto (v1.3).
#pragma once

#include <string>
#include <vector>

#include "marty/base/time.hpp"
#include "marty/otlp/internal/metric_names.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::otlp::internal {

class MetricsEncoder {
 public:
  MetricsEncoder(std::vector<telemetry::MetricFamily> families, Timestamp started, Timestamp read);

  // Appends until `out` has `max_bytes`; returns how many data points. A family that is cut goes on in a further
  // Metric.
  std::size_t encode(std::string& out, std::size_t max_bytes);
  bool is_done() const noexcept { return family_ == families_.size(); }

 private:
  std::size_t append_points(std::string& out, const telemetry::MetricFamily& family, const MetricName& name,
                            std::size_t max_bytes);
  void append_point(std::string& out, const telemetry::MetricFamily& family, const MetricName& name,
                    const telemetry::Series& series) const;
  void append_buckets(std::string& out, const telemetry::MetricFamily& family, const telemetry::Series& series) const;

  const std::vector<telemetry::MetricFamily> families_;
  const std::uint64_t started_ns_, read_ns_;
  std::size_t family_ = 0;
  std::size_t series_ = 0;  // of that family
};

}  // namespace marty::otlp::internal
