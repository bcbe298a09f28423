#include "marty/telemetry/standard.hpp"

#include <utility>

namespace marty::telemetry {
namespace {

Labels with(Labels labels, std::string_view name) {
  labels.push_back({std::string(name), {}});
  return labels;
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
  requests_.keep(200, make(200));
}

HttpMetrics::Route::Requests HttpMetrics::Route::make(int status) const {
  Labels labels = labels_;
  labels.back().value = std::to_string(status);
  return {metrics_.counter("mmf_requests_total", "Requests answered.", labels),
          metrics_.histogram("mmf_request_duration_seconds", "Time from a request's head to the end of its response.",
                             kLatencyBounds, labels)};
}

void HttpMetrics::Route::record(int status, runtime::Duration duration) noexcept {
  Requests requests = requests_.get(status, [&] { return make(status); });
  requests.count.add();
  requests.duration.record(duration);
}

void HttpMetrics::Route::record_error(Code code) noexcept { errors_.add(static_cast<int>(code)); }

HttpMetrics::HttpMetrics(Metrics& metrics, std::string_view service)
    : in_flight(metrics.up_down_counter("mmf_requests_in_flight", "Requests being handled.")),
      metrics_(metrics),
      service_(service) {}

HttpMetrics::Route& HttpMetrics::route(std::string_view method, std::string_view route) {
  const std::lock_guard lock(mutex_);
  return routes_.emplace_back(metrics_, service_, method, route);
}

OperationMetrics::OperationMetrics(Metrics& metrics, const Families& families, const Labels& labels)
    : operations_(metrics, families.count, families.count_help, labels, "status", static_cast<int>(Code::ok),
                  code_text),
      duration_(metrics.histogram(families.duration, families.duration_help, kLatencyBounds, labels)) {}

void OperationMetrics::record(Code code, runtime::Duration duration) noexcept {
  operations_.add(static_cast<int>(code));
  duration_.record(duration);
}

DatabaseMetrics::DatabaseMetrics(Metrics& metrics)
    : idle_connections(metrics.up_down_counter("mmf_db_connections", "Connections of the pools.", {{"state", "idle"}})),
      used_connections(metrics.up_down_counter("mmf_db_connections", "Connections of the pools.", {{"state", "used"}})),
      metrics_(metrics) {}

DatabaseMetrics::Operation& DatabaseMetrics::operation(std::string_view operation, std::string_view table) {
  const std::lock_guard lock(mutex_);
  return operations_.emplace_back(metrics_, kDatabase,
                                  Labels{{"operation", std::string(operation)}, {"table", std::string(table)}});
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

Histogram event_loop_lag(Metrics& metrics, std::size_t loop) {
  return metrics.histogram("mmf_event_loop_lag_seconds",
                           "How late an event loop gets to its work, asked once a second.", kLatencyBounds,
                           {{"loop", std::to_string(loop)}});
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

}  // namespace marty::telemetry
