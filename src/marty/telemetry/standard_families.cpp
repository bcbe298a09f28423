#include "marty/telemetry/standard_families.hpp"

#include <string>

#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/standard.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry {

std::vector<MetricFamily> standard_families() {
  DescriptorSink sink(-1);                      // never written to
  Logging silent({.level = Level::off}, sink);  // of the series that are too many on purpose
  Context context;
  context.begin();
  context.logging = &silent;
  const ContextScope scope(context);
  constexpr int kMaxSeries = 4;
  Metrics metrics({.max_series = kMaxSeries});
  const ProcessMetrics process(metrics);
  HttpMetrics http(metrics, "s");
  for (int i = 0; i <= kMaxSeries; ++i) http.route("GET", "/" + std::to_string(i));  // one too many: that is counted
  const CorrelationMetrics correlation(metrics);
  DatabaseMetrics(metrics, "sqlite", "database").operation("select", "t");
  PluginMetrics(metrics).operation("p", "o");
  record_build_info(metrics, "s", "1");
  LoopMetrics(metrics, 0);
  SloMetrics(metrics, "availability");
  slo_burn_rate(metrics, "availability", std::chrono::minutes(5));
  BlockingPoolMetrics(metrics, "files");
  const std::vector<Observation> connections = observe_connections(metrics, "http", [] { return ConnectionCounts(); });
  const ExportMetrics exported(metrics, "traces");
  ExportMetrics::dropped(metrics, "traces", "queue_full");
  config_generation(metrics);
  config_reloads(metrics, "applied");
  flag_evaluations(metrics, "f");
  const Observation dropped = observe_dropped_lines(metrics, sink);
  const Logging logging({.metrics = &metrics}, sink);
  const Tracer tracer;
  const std::vector<Observation> spans = observe_spans(metrics, tracer);
  return metrics.read();
}

}  // namespace marty::telemetry
