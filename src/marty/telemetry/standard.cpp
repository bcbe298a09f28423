#include "marty/telemetry/standard.hpp"

#include <utility>

namespace marty::telemetry {
namespace {

Labels with(Labels labels, std::string_view name) {
  labels.push_back({std::string(name), {}});
  return labels;
}

std::string status_text(int status) { return std::to_string(status); }
std::string code_text(int code) { return std::string(code_info(static_cast<Code>(code)).name); }

}  // namespace

namespace internal {

CounterByValue::CounterByValue(Metrics& metrics, std::string_view name, std::string_view help, Labels labels,
                               std::string_view label)
    : metrics_(metrics), name_(name), help_(help), labels_(with(std::move(labels), label)) {}

void CounterByValue::expect(int value, std::string (*text)(int)) { make(value, text); }

void CounterByValue::add(int value, std::string (*text)(int)) noexcept {
  for (Known& known : known_) {
    const int seen = known.value.load(std::memory_order_acquire);
    if (seen == value) return known.counter.add();
    if (seen == -1) break;
  }
  make(value, text).add();
}

Counter CounterByValue::make(int value, std::string (*text)(int)) {
  Labels labels = labels_;
  labels.back().value = text(value);
  const Counter counter = metrics_.counter(name_, help_, labels);
  const std::lock_guard lock(mutex_);
  for (Known& known : known_) {
    if (known.value.load(std::memory_order_relaxed) == value) break;  // another thread was first
    if (known.value.load(std::memory_order_relaxed) != -1) continue;
    known.counter = counter;
    known.value.store(value, std::memory_order_release);
    break;
  }
  return counter;
}

}  // namespace internal

HttpMetrics::Route::Route(Metrics& metrics, const std::string& service, std::string_view method, std::string_view route)
    : requests_(metrics, "mmf_requests_total", "Requests answered.",
                {{"service", service}, {"method", std::string(method)}, {"route", std::string(route)}}, "status"),
      errors_(metrics, "mmf_errors_total", "Requests that ended in an error.",
              {{"service", service}, {"route", std::string(route)}}, "code"),
      duration_(metrics.histogram(
          "mmf_request_duration_seconds", "Time from a request's head to the end of its response.", kLatencyBounds,
          {{"service", service}, {"method", std::string(method)}, {"route", std::string(route)}})) {
  requests_.expect(200, status_text);
  errors_.expect(static_cast<int>(Code::internal), code_text);
}

void HttpMetrics::Route::record(int status, runtime::Duration duration) noexcept {
  requests_.add(status, status_text);
  duration_.record(duration);
}

void HttpMetrics::Route::record_error(Code code) noexcept { errors_.add(static_cast<int>(code), code_text); }

HttpMetrics::HttpMetrics(Metrics& metrics, std::string_view service)
    : in_flight(metrics.up_down_counter("mmf_requests_in_flight", "Requests being handled.")),
      metrics_(metrics),
      service_(service) {}

HttpMetrics::Route& HttpMetrics::route(std::string_view method, std::string_view route) {
  const std::lock_guard lock(mutex_);
  return routes_.emplace_back(metrics_, service_, method, route);
}

DatabaseMetrics::Operation::Operation(Metrics& metrics, std::string_view operation, std::string_view table)
    : operations_(metrics, "mmf_database_operations_total", "Database operations finished.",
                  {{"operation", std::string(operation)}, {"table", std::string(table)}}, "status"),
      duration_(metrics.histogram("mmf_database_operation_duration_seconds",
                                  "Time of a database operation, without the wait for a connection.", kLatencyBounds,
                                  {{"operation", std::string(operation)}, {"table", std::string(table)}})) {
  operations_.expect(static_cast<int>(Code::ok), code_text);
}

void DatabaseMetrics::Operation::record(Code code, runtime::Duration duration) noexcept {
  operations_.add(static_cast<int>(code), code_text);
  duration_.record(duration);
}

DatabaseMetrics::DatabaseMetrics(Metrics& metrics)
    : idle_connections(metrics.up_down_counter("mmf_db_connections", "Connections of the pools.", {{"state", "idle"}})),
      used_connections(metrics.up_down_counter("mmf_db_connections", "Connections of the pools.", {{"state", "used"}})),
      metrics_(metrics) {}

DatabaseMetrics::Operation& DatabaseMetrics::operation(std::string_view operation, std::string_view table) {
  const std::lock_guard lock(mutex_);
  return operations_.emplace_back(metrics_, operation, table);
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
