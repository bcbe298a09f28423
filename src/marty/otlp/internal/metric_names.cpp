#include "marty/otlp/internal/metric_names.hpp"

#include <algorithm>

namespace marty::otlp::internal {
namespace {

using telemetry::MetricKind;

constexpr AttributeName kRequest[] = {{"method", "http.request.method"},
                                      {"route", "http.route", false, "unmatched"},
                                      {"status", "http.response.status_code", true},
                                      {"url.scheme", "url.scheme"},
                                      {"error.type", "error.type"}};
constexpr AttributeName kActive[] = {{"http.request.method", "http.request.method"}, {"url.scheme", "url.scheme"}};
constexpr AttributeName kDatabase[] = {{"operation", "db.operation.name", false, "other"},
                                       {"table", "db.collection.name"},
                                       {"db.system.name", "db.system.name"},
                                       {"error.type", "error.type"}};
constexpr AttributeName kConnections[] = {{"state", "db.client.connection.state"},
                                          {"db.client.connection.pool.name", "db.client.connection.pool.name"}};
constexpr AttributeName kProcessor[] = {{"cpu.mode", "cpu.mode"}};

constexpr MetricName kNames[] = {
    {"mmf_request_duration_seconds", "http.server.request.duration", "s", DataKind::histogram, kRequest},
    {"mmf_requests_in_flight", "http.server.active_requests", "{request}", DataKind::sum, kActive},
    {"mmf_database_operation_duration_seconds", "db.client.operation.duration", "s", DataKind::histogram, kDatabase},
    {"mmf_db_connections", "db.client.connection.count", "{connection}", DataKind::sum, kConnections},
    {"process_cpu_seconds_total", "process.cpu.time", "s", DataKind::monotonic_sum, kProcessor},
    {"process_resident_memory_bytes", "process.memory.usage", "By", DataKind::sum, {}},
    {"process_virtual_memory_bytes", "process.memory.virtual", "By", DataKind::sum, {}},
    {"process_open_fds", "process.unix.file_descriptor.count", "{file_descriptor}", DataKind::sum, {}},
};

std::string_view unit_of(std::string_view name) noexcept {
  if (name.ends_with("_total")) name.remove_suffix(std::string_view("_total").size());
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  if (name.ends_with("_ratio")) return "1";
  return {};
}

DataKind kind_of(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::counter:
      return DataKind::monotonic_sum;
    case MetricKind::gauge:
      return DataKind::gauge;
    case MetricKind::histogram:
      break;
  }
  return DataKind::histogram;
}

}  // namespace

std::span<const MetricName> metric_names() noexcept { return kNames; }

MetricName name_of(const telemetry::MetricFamily& family) noexcept {
  const auto row = std::ranges::find(kNames, std::string_view(family.name), &MetricName::family);
  if (row != std::end(kNames)) return *row;
  return {family.name, family.name, unit_of(family.name), kind_of(family.kind), {}};
}

}  // namespace marty::otlp::internal
