#include "marty/telemetry/slo.hpp"

namespace marty::telemetry {
namespace {

std::string_view label_of(const Series& series, std::string_view name) {
  for (const Label& label : series.labels) {
    if (label.name == name) return label.value;
  }
  return {};
}

double within(const Series& series, const std::vector<double>& bounds, runtime::Duration threshold) {
  const double limit = std::chrono::duration<double>(threshold).count();
  double count = 0;
  for (std::size_t i = 0; i < bounds.size() && bounds[i] <= limit; ++i) count += static_cast<double>(series.buckets[i]);
  return count;
}

double good_of(const Slo& slo, const Series& series, const std::vector<double>& bounds) {
  if (slo.kind == SloKind::latency) return within(series, bounds, slo.threshold);
  const std::string_view status = label_of(series, "status");
  const bool bad = status.starts_with('5') || (slo.kind == SloKind::success && status.starts_with('4'));
  return bad ? 0 : series.value;
}

}  // namespace

// As kOwnRoutes has them: it is for each series of each count, and so without an engine for expressions.
bool is_api_route(std::string_view route) {
  for (const std::string_view own : {"unmatched", "/health", "/docs", "/info", "/metrics", "/openapi.json"}) {
    if (route == own) return false;
  }
  return !route.starts_with("/health/") && !route.starts_with("/docs/") && !route.starts_with("/grpc.");
}

SloCount count_requests(const Slo& slo, const MetricFamily& durations) {
  SloCount count;
  for (const Series& series : durations.series) {
    const std::string_view route = label_of(series, "route");
    if (slo.route.empty() ? !is_api_route(route) : route != slo.route) continue;
    count.total += series.value;
    count.good += good_of(slo, series, durations.bounds);
  }
  return count;
}

std::vector<Slo> default_slos() {
  return {{.name = "availability", .kind = SloKind::availability, .objective = 0.999, .window = std::chrono::days(30)},
          {.name = "latency",
           .kind = SloKind::latency,
           .objective = 0.95,
           .window = std::chrono::days(7),
           .threshold = std::chrono::milliseconds(500)},
          {.name = "success", .kind = SloKind::success, .objective = 0.99, .window = std::chrono::days(7)}};
}

}  // namespace marty::telemetry
