#include "marty/telemetry/standard_families.hpp"

#include "marty/telemetry/log.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/standard.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry {

std::vector<MetricFamily> standard_families() {
  Metrics metrics;
  const ProcessMetrics process(metrics);
  HttpMetrics http(metrics, "s");
  http.route("GET", "/");
  // Appears by itself only where a limit is passed, which would be logged.
  metrics.counter(
      "mmf_metrics_dropped_series_total",
      "Look-ups of series beyond the limit of their metric, counted as other; the label has the most values.",
      {{"metric", "m"}, {"label", "l"}});
  const CorrelationMetrics correlation(metrics);
  DatabaseMetrics(metrics).operation("select", "t");
  PluginMetrics(metrics).operation("p", "o");
  record_build_info(metrics, "s", "1");
  LoopMetrics(metrics, 0);
  SloMetrics(metrics, "availability");
  slo_burn_rate(metrics, "availability", std::chrono::minutes(5));
  BlockingPoolMetrics(metrics, "files");
  const std::vector<Observation> connections = observe_connections(metrics, "http", [] { return ConnectionCounts(); });
  config_generation(metrics);
  config_reloads(metrics, "applied");
  flag_evaluations(metrics, "f");
  const ExportMetrics exported(metrics, "traces");
  ExportMetrics::dropped(metrics, "traces", "queue_full");
  DescriptorSink sink(-1);  // never written to
  const Observation dropped = observe_dropped_lines(metrics, sink);
  const Logging logging({.metrics = &metrics}, sink);
  const Tracer tracer;
  const std::vector<Observation> spans = observe_spans(metrics, tracer);
  return metrics.read();
}

}  // namespace marty::telemetry
