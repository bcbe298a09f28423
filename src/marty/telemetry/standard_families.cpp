#include "marty/telemetry/standard_families.hpp"

#include "marty/telemetry/log.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::telemetry {

std::vector<MetricFamily> standard_families() {
  Metrics metrics({.max_series = 1});  // the second route brings up what counts series beyond the limit
  const ProcessMetrics process(metrics);
  HttpMetrics http(metrics, "s");
  http.route("GET", "/");
  http.route("GET", "/over_the_limit");
  DatabaseMetrics(metrics).operation("select", "t");
  PluginMetrics(metrics).operation("p", "o");
  record_build_info(metrics, "s", "1");
  event_loop_lag(metrics, 0);
  config_generation(metrics);
  config_reloads(metrics, "applied");
  flag_evaluations(metrics, "f");
  DescriptorSink sink(-1);  // never written to
  const Observation dropped = observe_dropped_lines(metrics, sink);
  const Logging logging({.metrics = &metrics}, sink);
  return metrics.read();
}

}  // namespace marty::telemetry
