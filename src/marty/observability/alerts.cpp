#include "marty/observability/alerts.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "marty/base/error.hpp"

namespace marty::observability {
namespace {

using namespace std::chrono_literals;

constexpr double kMebibyte = 1 << 20;
constexpr std::string_view kDuration = "mmf_request_duration_seconds";
constexpr std::string_view kPluginOperations = "mmf_plugin_operations_total";
constexpr std::string_view kDatabaseOperations = "mmf_database_operations_total";

const LabelNames kService = {"service"};
const LabelNames kInstance = {"service", "instance"};
const LabelNames kPlugin = {"service", "plugin_id"};

// One alert: its limit in each of kEnvironments, and the expression with that limit.
struct Alert {
  const char* name;
  const char* group;
  const char* severity;  // in production
  runtime::Duration hold;
  std::array<double, std::size(kEnvironments)> limits;
  Query (*expression)(const Queries& queries, double limit);
  const char* summary;
  const char* description;
  const char* runbook;
  const char* dashboard;
  std::string_view needs = {};  // a metric that not every service has
};

// Of a service that is known by name, also none of whose instances is scraped any more.
Query service_down(const Queries& queries, double) {
  const Query down = binary(queries.up({{"service", "!=", ""}}), "==", number(0));
  return queries.scoped() ? binary(down, "or", call("absent", queries.up())) : down;
}

Query high_error_rate(const Queries& queries, double limit) {
  const auto requests = [&](Matchers matchers) {
    matchers.push_back(api_routes());
    return sum_by(kService, queries.rate("mmf_requests_total", "5m", matchers));
  };
  return above(share(requests({{"status", "=~", "5.."}}), requests({})), limit);
}

Query high_latency(const Queries& queries, double limit) {
  LabelNames by = kService;
  by.emplace_back("le");
  return above(quantile(0.95, sum_by(by, queries.rate_buckets(kDuration, "5m", {api_routes()}))), limit);
}

Query high_memory(const Queries& queries, double limit) {
  return above(queries.value("process_resident_memory_bytes", {{"service", "!=", ""}}), limit);
}

// A loop is one core's worth of work, and there is a series of its lag for each.
Query high_cpu(const Queries& queries, double limit) {
  const Query used = sum_by(kInstance, queries.rate("process_cpu_seconds_total", "5m", {{"service", "!=", ""}}));
  return above(binary(used, "/", aggregate("count", kInstance, queries.counts("mmf_event_loop_lag_seconds"))), limit);
}

Query database_failures(const Queries& queries, double limit) {
  const auto operations = [&](const Matchers& matchers) {
    return sum_by(kService, queries.rate(kDatabaseOperations, "5m", matchers));
  };
  const Query failed = operations({{"status", "=~", "unavailable|deadline_exceeded|resource_exhausted"}});
  return above(share(failed, operations({})), limit);
}

Query plugin_rate(const Queries& queries, std::string_view window, const Matchers& matchers) {
  return sum_by(kPlugin, queries.rate(kPluginOperations, window, matchers));
}

Query plugin_errors(const Queries& queries, double limit) {
  return above(share(plugin_rate(queries, "5m", {{"status", "!=", "ok"}}), plugin_rate(queries, "5m", {})), limit);
}

Query plugin_latency(const Queries& queries, double limit) {
  LabelNames by = kPlugin;
  by.emplace_back("le");
  return above(quantile(0.95, sum_by(by, queries.rate_buckets("mmf_plugin_operation_duration_seconds", "5m"))), limit);
}

// So many times the failures of the hour, and one in ten seconds at least: rare failures are no spike.
Query plugin_spike(const Queries& queries, double limit) {
  const Query now = plugin_rate(queries, "5m", {{"status", "!=", "ok"}});
  const Query hour = plugin_rate(queries, "1h", {{"status", "!=", "ok"}});
  return binary(binary(now, ">", binary(hour, "*", number(limit))), "and", above(now, 0.1));
}

// Where callers and proxies agree on ids, hardly one is refused.
Query correlation_failures(const Queries& queries, double limit) {
  const auto rate = [&](std::string_view name) { return sum_by(kService, queries.rate(name, "5m")); };
  return above(share(rate("mmf_correlation_rejected_total"), rate("mmf_requests_total")), limit);
}

const Alert kAlerts[] = {
    {.name = "MMFServiceDown",
     .group = "mmf-service",
     .severity = "critical",
     .hold = 1min,
     .limits = {},
     .expression = service_down,
     .summary = "{{ $labels.service }} does not answer on {{ $labels.instance }}",
     .description = "Prometheus could not read its metrics for a minute.",
     .runbook = "1. Is the process there, and what does its log end with? A start that fails says why on stderr.\n"
                "2. /health/live answers: look for the network between Prometheus and the instance.\n"
                "3. It restarts again and again: compare mmf_build_info, roll back.",
     .dashboard = "mmf-service-overview"},
    {.name = "MMFHighErrorRate",
     .group = "mmf-service",
     .severity = "critical",
     .hold = 5min,
     .limits = {0.2, 0.2, 0.05, 0.01},
     .expression = high_error_rate,
     .summary = "{{ $labels.service }} fails too many requests",
     .description = "{{ $value | humanizePercentage }} of the requests of five minutes ended in a 5xx.",
     .runbook = "1. MMF Service Overview, errors by route and code: unavailable and deadline_exceeded point at a "
                "dependency, internal at the service.\n"
                "2. The log lines \"request failed\" hold the cause; their trace_id leads to the trace.\n"
                "3. It began with a release (mmf_build_info): roll back.",
     .dashboard = "mmf-service-overview"},
    {.name = "MMFHighLatency",
     .group = "mmf-service",
     .severity = "warning",
     .hold = 5min,
     .limits = {5, 5, 1, 0.5},
     .expression = high_latency,
     .summary = "{{ $labels.service }} answers slowly",
     .description = "One request in twenty takes longer than {{ $value | humanizeDuration }}.",
     .runbook =
         "1. MMF Performance Analysis: one route, or all? All: look at processor time and the lag of the loops.\n"
         "2. The database's part of the time, and its slowest operations.\n"
         "3. A trace of a slow request says where the time goes.",
     .dashboard = "mmf-performance-analysis"},
    {.name = "MMFCorrelationTrackingFailure",
     .group = "mmf-service",
     .severity = "warning",
     .hold = 10min,
     .limits = {0.5, 0.5, 0.2, 0.1},
     .expression = correlation_failures,
     .summary = "{{ $labels.service }} refuses the ids of many requests",
     .description =
         "{{ $value | humanizePercentage }} of the requests of five minutes had ids that were not taken: their "
         "traces and log lines do not join those of their callers.",
     .runbook =
         "1. MMF Distributed Tracing, rejected ids: which kind?\n"
         "2. untrusted_identity: is a new proxy missing in telemetry.trusted_proxies, or does a stranger pretend?\n"
         "3. traceparent, tracestate, baggage, b3, id: which caller or proxy changed? Compare what it sends with "
         "W3C Trace Context.",
     .dashboard = "mmf-tracing-analysis"},
    {.name = "MMFHighMemoryUsage",
     .group = "mmf-resources",
     .severity = "warning",
     .hold = 10min,
     .limits = {4096 * kMebibyte, 4096 * kMebibyte, 2048 * kMebibyte, 1024 * kMebibyte},
     .expression = high_memory,
     .summary = "{{ $labels.service }} needs much memory on {{ $labels.instance }}",
     .description = "{{ $value | humanize1024 }}B are resident.",
     .runbook = "1. MMF Performance Analysis: with the load, or ever upwards?\n"
                "2. With the load: lower server.max_connections, server.max_in_flight or server.max_body, or add "
                "instances.\n"
                "3. Ever upwards: restart, and look for what is kept.",
     .dashboard = "mmf-performance-analysis"},
    {.name = "MMFHighCPUUsage",
     .group = "mmf-resources",
     .severity = "warning",
     .hold = 10min,
     .limits = {0.95, 0.95, 0.9, 0.8},
     .expression = high_cpu,
     .summary = "{{ $labels.service }} has hardly any processor time left on {{ $labels.instance }}",
     .description = "Its event loops are busy for {{ $value | humanizePercentage }} of the time.",
     .runbook = "1. MMF Performance Analysis: more requests, or more time for each?\n"
                "2. More requests: add instances.\n"
                "3. More time for each: which route; handlers that hold their loop are logged with their stacks.",
     .dashboard = "mmf-performance-analysis"},
    {.name = "MMFDatabaseConnectionFailure",
     .group = "mmf-database",
     .severity = "critical",
     .hold = 1min,
     .limits = {0.2, 0.2, 0.05, 0.01},
     .expression = database_failures,
     .summary = "{{ $labels.service }} cannot work with its database",
     .description = "{{ $value | humanizePercentage }} of the operations found it unreachable, locked or too slow.",
     .runbook = "1. The log (logger marty.health) and the admin pages say what the component database meets.\n"
                "2. Does the database answer, and does it have connections left?\n"
                "3. Connections by state in MMF Service Overview: all used means operations that do not end.",
     .dashboard = "mmf-service-overview",
     .needs = kDatabaseOperations},
    {.name = "MMFPluginErrors",
     .group = "mmf-plugins",
     .severity = "warning",
     .hold = 5min,
     .limits = {0.2, 0.2, 0.05, 0.02},
     .expression = plugin_errors,
     .summary = "The plugin {{ $labels.plugin_id }} of {{ $labels.service }} fails",
     .description = "{{ $value | humanizePercentage }} of its operations of five minutes failed.",
     .runbook = "1. MMF Plugin Debugging: which operation, with which status.\n"
                "2. The log lines with its plugin_id hold the cause.\n"
                "3. plugins/NAME.yaml with enabled: false takes it out while the service runs.",
     .dashboard = "mmf-plugin-troubleshooting",
     .needs = kPluginOperations},
    {.name = "MMFPluginHighLatency",
     .group = "mmf-plugins",
     .severity = "warning",
     .hold = 5min,
     .limits = {5, 5, 2.5, 1},
     .expression = plugin_latency,
     .summary = "The plugin {{ $labels.plugin_id }} of {{ $labels.service }} is slow",
     .description = "One operation in twenty takes longer than {{ $value | humanizeDuration }}.",
     .runbook = "1. MMF Plugin Debugging: which operation.\n"
                "2. A trace with its plugin_id says whether it waits for something outside.\n"
                "3. plugins/NAME.yaml with enabled: false takes it out while the service runs.",
     .dashboard = "mmf-plugin-troubleshooting",
     .needs = kPluginOperations},
    {.name = "MMFPluginFailureSpike",
     .group = "mmf-plugins",
     .severity = "critical",
     .hold = 1min,
     .limits = {8, 8, 5, 3},
     .expression = plugin_spike,
     .summary = "The plugin {{ $labels.plugin_id }} of {{ $labels.service }} began to fail",
     .description = "{{ $value | humanize }} operations a second fail, far more than over the last hour.",
     .runbook = "1. What changed just now: its configuration, a release, what it talks to?\n"
                "2. MMF Plugin Debugging: failures by operation and status.\n"
                "3. plugins/NAME.yaml with enabled: false takes it out while the service runs.",
     .dashboard = "mmf-plugin-troubleshooting",
     .needs = kPluginOperations},
};

std::string severity_in(std::string_view environment, const char* severity) {
  if (environment == "production") return severity;
  return environment == "staging" ? "warning" : "info";
}

}  // namespace

std::vector<RuleGroup> alert_rules(const Queries& queries, std::string_view environment) {
  const auto at = std::ranges::find(kEnvironments, environment) - kEnvironments;
  if (at == std::size(kEnvironments))
    throw Error(Code::invalid_argument, "there is no environment '" + std::string(environment) +
                                            "': give development, testing, staging or production");
  std::vector<RuleGroup> groups;
  for (const Alert& alert : kAlerts) {
    if (!alert.needs.empty() && !queries.has(alert.needs)) continue;
    if (groups.empty() || groups.back().name != alert.group) groups.push_back({alert.group, {}});
    groups.back().rules.push_back(
        {.record = {},
         .alert = alert.name,
         .expression = alert.expression(queries, alert.limits.at(at)),
         .hold = alert.hold,
         .labels = {{"severity", severity_in(environment, alert.severity)}, {"environment", std::string(environment)}},
         .annotations = {{"summary", alert.summary},
                         {"description", alert.description},
                         {"runbook", alert.runbook},
                         {"dashboard", alert.dashboard}}});
  }
  return groups;
}

}  // namespace marty::observability
