#include "marty/telemetry/standard.hpp"

#include <utility>

namespace marty::telemetry {
namespace {

Labels with(Labels labels, std::string_view name) {
  labels.push_back({std::string(name), {}});
  return labels;
}

// As Prometheus writes durations, in the largest unit that fits: "5m", "3d".
std::string window_text(runtime::Duration window) {
  constexpr std::pair<std::chrono::minutes, char> kUnits[] = {{std::chrono::days(1), 'd'},
                                                              {std::chrono::hours(1), 'h'}};
  for (const auto& [unit, letter] : kUnits) {
    if (window % unit == runtime::Duration::zero()) return std::to_string(window / unit) + letter;
  }
  return std::to_string(window / std::chrono::minutes(1)) + 'm';
}

constexpr std::string_view kUnmatched = "unmatched";
constexpr std::string_view kErrorType = "error.type";

std::string_view scheme(bool secure) { return secure ? "https" : "http"; }

// Tells ends apart whose series differ.
int number_of(const HttpMetrics::End& end) {
  const int failure = end.failure ? static_cast<int>(*end.failure) + 1 : 0;
  return end.status + 1000 * (2 * failure + (end.secure ? 1 : 0));
}

Labels with_attributes(Labels labels, const Labels& attributes) {
  if (attributes.empty()) return labels;
  labels.insert(labels.end(), attributes.begin(), attributes.end());
  labels.push_back({std::string(kErrorType), ""});
  return labels;
}

UpDownCounter connections(Metrics& metrics, std::string_view state, std::string_view pool) {
  return metrics.up_down_counter(
      "mmf_db_connections", "Connections of the pools.",
      {{"state", std::string(state)}, {"db.client.connection.pool.name", std::string(pool)}});
}

std::string code_text(int code) { return std::string(code_info(static_cast<Code>(code)).name); }

constexpr OperationMetrics::Families kDatabase = {
    .count = "mmf_database_operations_total",
    .count_help = "Database operations finished.",
    .duration = "mmf_database_operation_duration_seconds",
    .duration_help = "Time of a database operation, without the wait for a connection."};
constexpr OperationMetrics::Families kPlugins = {.count = "mmf_plugin_operations_total",
                                                 .count_help = "Operations of plugins finished.",
                                                 .duration = "mmf_plugin_operation_duration_seconds",
                                                 .duration_help = "Time of a plugin's operation."};

}  // namespace

namespace internal {

CounterByValue::CounterByValue(Metrics& metrics, std::string_view name, std::string_view help, Labels labels,
                               std::string_view label, int expected, std::string (*text)(int))
    : metrics_(metrics), name_(name), help_(help), labels_(with(std::move(labels), label)), text_(text) {
  counters_.keep(expected, make(expected));
}

void CounterByValue::add(int value) noexcept {
  counters_.get(value, [&] { return make(value); }).add();
}

Counter CounterByValue::make(int value) const {
  Labels labels = labels_;
  labels.back().value = text_(value);
  return metrics_.counter(name_, help_, labels);
}

}  // namespace internal

HttpMetrics::Route::Route(Metrics& metrics, const std::string& service, std::string_view method, std::string_view route)
    : metrics_(metrics),
      labels_({{"service", service}, {"method", std::string(method)}, {"route", std::string(route)}, {"status", ""}}),
      errors_(metrics, "mmf_errors_total", "Requests that ended in an error.",
              {{"service", service}, {"route", std::string(route)}}, "code", static_cast<int>(Code::internal),
              code_text) {
  if (route != kUnmatched) requests_.keep(number_of({}), make({}));
}

HttpMetrics::Route::Requests HttpMetrics::Route::make(const End& end) const {
  Labels labels = labels_;
  labels.back().value = std::to_string(end.status);
  const Counter count = metrics_.counter("mmf_requests_total", "Requests answered.", labels);
  labels.push_back({"url.scheme", std::string(scheme(end.secure))});
  labels.push_back({"error.type", end.failure         ? code_text(static_cast<int>(*end.failure))
                                  : end.status >= 500 ? std::to_string(end.status)
                                                      : std::string()});
  return {count, metrics_.histogram("mmf_request_duration_seconds",
                                    "Time from a request's head to the end of its response.", kLatencyBounds, labels)};
}

void HttpMetrics::Route::record(const End& end, runtime::Duration duration) noexcept {
  Requests requests = requests_.get(number_of(end), [&] { return make(end); });
  requests.count.add();
  requests.duration.record(duration);
}

void HttpMetrics::Route::record_error(Code code) noexcept { errors_.add(static_cast<int>(code)); }

HttpMetrics::HttpMetrics(Metrics& metrics, std::string_view service) : metrics_(metrics), service_(service) {
  in_flight_.keep(0, make_in_flight("GET", false));
}

UpDownCounter HttpMetrics::make_in_flight(std::string_view method, bool secure) const {
  return metrics_.up_down_counter(
      "mmf_requests_in_flight", "Requests being handled.",
      {{"http.request.method", std::string(method)}, {"url.scheme", std::string(scheme(secure))}});
}

UpDownCounter HttpMetrics::in_flight(int number, std::string_view method, bool secure) noexcept {
  return in_flight_.get(2 * number + (secure ? 1 : 0), [&] { return make_in_flight(method, secure); });
}

HttpMetrics::Route& HttpMetrics::route(std::string_view method, std::string_view route) {
  const std::lock_guard lock(mutex_);
  return routes_.emplace_back(metrics_, service_, method, route);
}

CorrelationMetrics::CorrelationMetrics(Metrics& metrics) {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    counters_[i] = metrics.counter("mmf_correlation_rejected_total",
                                   "Requests with ids that were not taken: malformed, or from a peer that is not "
                                   "trusted.",
                                   {{"reason", std::string(kRejections[i])}});
  }
}

void CorrelationMetrics::record(std::uint8_t rejected) noexcept {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    if ((rejected >> i & 1) != 0) counters_[i].add();
  }
}

OperationMetrics::OperationMetrics(Metrics& metrics, const Families& families, const Labels& labels,
                                   const Labels& attributes)
    : metrics_(metrics),
      families_(families),
      labels_(with_attributes(labels, attributes)),
      operations_(metrics, families.count, families.count_help, labels, "status", static_cast<int>(Code::ok),
                  code_text) {
  durations_.keep(static_cast<int>(Code::ok), make_duration(Code::ok));
}

Histogram OperationMetrics::make_duration(Code code) const {
  Labels labels = labels_;
  if (labels.back().name == kErrorType && code != Code::ok) labels.back().value = code_text(static_cast<int>(code));
  return metrics_.histogram(families_.duration, families_.duration_help, kLatencyBounds, labels);
}

void OperationMetrics::record(Code code, runtime::Duration duration) noexcept {
  operations_.add(static_cast<int>(code));
  durations_.get(static_cast<int>(code), [&] { return make_duration(code); }).record(duration);
}

DatabaseMetrics::DatabaseMetrics(Metrics& metrics, std::string_view system, std::string_view pool)
    : idle_connections(connections(metrics, "idle", pool)),
      used_connections(connections(metrics, "used", pool)),
      metrics_(metrics),
      system_(system) {}

DatabaseMetrics::Operation& DatabaseMetrics::operation(std::string_view operation, std::string_view table) {
  const std::lock_guard lock(mutex_);
  return operations_.emplace_back(metrics_, kDatabase,
                                  Labels{{"operation", std::string(operation)}, {"table", std::string(table)}},
                                  Labels{{"db.system.name", system_}});
}

OperationMetrics& PluginMetrics::operation(std::string_view plugin_id, std::string_view operation) {
  Key key(plugin_id, operation);
  const std::lock_guard lock(mutex_);
  if (operations_.size() >= kMaxOperations && !operations_.contains(key)) key = {"other", "other"};
  const Labels labels = {{"plugin_id", key.first}, {"operation", key.second}};
  return operations_.try_emplace(std::move(key), metrics_, kPlugins, labels).first->second;
}

Gauge config_generation(Metrics& metrics) {
  return metrics.gauge("mmf_config_generation", "The generation of the configuration that requests get now.");
}

Counter config_reloads(Metrics& metrics, std::string_view result) {
  return metrics.counter("mmf_config_reloads_total", "Reloads of the configuration, by what came of them.",
                         {{"result", std::string(result)}});
}

FlagEvaluations flag_evaluations(Metrics& metrics, std::string_view flag) {
  const auto counter = [&](const char* result) {
    return metrics.counter("mmf_feature_flag_evaluations_total", "Decisions whether a feature is on.",
                           {{"flag", std::string(flag)}, {"result", result}});
  };
  return {counter("on"), counter("off")};
}

LoopMetrics::LoopMetrics(Metrics& metrics, std::size_t loop) {
  const Labels labels = {{"loop", std::to_string(loop)}};
  lag = metrics.histogram("mmf_event_loop_lag_seconds", "How late an event loop gets to its work, asked once a second.",
                          kLatencyBounds, labels);
  cpu_ratio = metrics.gauge("mmf_event_loop_cpu_ratio",
                            "Share of the last second that an event loop's thread spent on a processor.", labels);
  fibers = metrics.gauge("mmf_fibers", "Fibers alive.", labels);
  fibers_started = metrics.counter("mmf_fibers_started_total", "Fibers started.", labels);
  stack_high_water = metrics.gauge("mmf_fiber_stack_high_water_bytes",
                                   "The deepest fiber's stack that was seen, to the page.", labels);
}

BlockingPoolMetrics::BlockingPoolMetrics(Metrics& metrics, std::string_view pool) {
  const Labels labels = {{"pool", std::string(pool)}};
  threads = metrics.gauge("mmf_blocking_pool_threads", "Threads for calls that block.", labels);
  busy_threads = metrics.gauge("mmf_blocking_pool_busy_threads", "Of these threads, those with a call.", labels);
  queue_length = metrics.gauge("mmf_blocking_pool_queue_length", "Calls that wait for such a thread.", labels);
  calls = metrics.counter("mmf_blocking_pool_calls_total", "Calls that such threads took on.", labels);
  rejections = metrics.counter("mmf_blocking_pool_rejections_total", "Calls refused because too many wait.", labels);
}

SloMetrics::SloMetrics(Metrics& metrics, std::string_view slo) {
  const Labels labels = {{"slo", std::string(slo)}};
  compliance = metrics.gauge("mmf_slo_compliance_ratio", "Share of good requests in the objective's window.", labels);
  budget_remaining = metrics.gauge("mmf_slo_error_budget_remaining_ratio",
                                   "What is left of the objective's error budget; below 0: overspent.", labels);
}

Gauge slo_burn_rate(Metrics& metrics, std::string_view slo, runtime::Duration window) {
  return metrics.gauge("mmf_slo_burn_rate", "How many times faster than the objective allows its budget is used up.",
                       {{"slo", std::string(slo)}, {"window", window_text(window)}});
}

std::vector<Observation> observe_connections(Metrics& metrics, std::string_view server,
                                             const std::function<ConnectionCounts()>& read) {
  const Labels labels = {{"server", std::string(server)}};
  const auto value = [&](std::uint64_t ConnectionCounts::*count) {
    return [read, count] { return static_cast<double>(read().*count); };
  };
  std::vector<Observation> all;
  all.push_back(metrics.observable_gauge("mmf_connections", "Connections of clients that are open.", labels,
                                         value(&ConnectionCounts::open)));
  all.push_back(metrics.observable_counter("mmf_connections_accepted_total", "Connections of clients accepted.", labels,
                                           value(&ConnectionCounts::accepted)));
  all.push_back(metrics.observable_counter("mmf_connections_refused_total",
                                           "Connections over a limit, of theirs or of open files.", labels,
                                           value(&ConnectionCounts::refused)));
  return all;
}

void record_build_info(Metrics& metrics, std::string_view service, std::string_view version) {
  metrics
      .gauge("mmf_build_info", "What runs: always 1.",
             {{"service", std::string(service)}, {"version", std::string(version)}, {"compiler", "gcc " __VERSION__}})
      .set(1);
}

Observation observe_dropped_lines(Metrics& metrics, const LogSink& sink) {
  return metrics.observable_counter("mmf_log_lines_dropped_total", "Log lines that could not be written.", {},
                                    [&sink] { return static_cast<double>(sink.dropped()); });
}

ExportMetrics::ExportMetrics(Metrics& metrics, std::string_view signal)
    : exported(metrics.counter("mmf_telemetry_exported_total", "Spans, data points and log records exported.",
                               {{"signal", std::string(signal)}})),
      failures(metrics.counter("mmf_telemetry_export_failures_total", "Export requests that failed.",
                               {{"signal", std::string(signal)}})),
      queue_bytes(metrics.gauge("mmf_telemetry_queue_bytes", "Telemetry that waits to be sent.",
                                {{"signal", std::string(signal)}})) {}

Counter ExportMetrics::dropped(Metrics& metrics, std::string_view signal, std::string_view reason) {
  return metrics.counter("mmf_telemetry_dropped_total", "Spans, data points and log records that got lost.",
                         {{"signal", std::string(signal)}, {"reason", std::string(reason)}});
}

}  // namespace marty::telemetry
