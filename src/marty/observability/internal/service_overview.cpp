#include "marty/observability/internal/dashboard.hpp"
#include "marty/observability/slo_rules.hpp"

namespace marty::observability::internal {
namespace {

constexpr const char* kRequests = "mmf_requests_total";
Query requests(const Queries& queries, const LabelNames& by, Matchers matchers = {}) {
  matchers.push_back(chosen_routes());
  return sum_by(by, queries.rate(kRequests, kInterval, matchers));
}

Query latency(const Queries& queries, double q, LabelNames by) {
  by.emplace_back("le");
  return quantile(q, sum_by(by, queries.rate_buckets(kRequestDuration, kInterval, {chosen_routes()})));
}

Row status(const Queries& queries) {
  const auto stat = [](const char* title, const char* description, const char* unit, const Query& query,
                       std::vector<Threshold> thresholds = {}) {
    return Panel{.type = "stat",
                 .title = title,
                 .description = description,
                 .unit = unit,
                 .targets = {target(query, "")},
                 .thresholds = std::move(thresholds),
                 .width = 4,
                 .height = 4};
  };
  const Query started = aggregate("max", {}, queries.value("process_start_time_seconds"));
  return {"Now",
          {stat("Instances up", "That Prometheus could read its metrics from.", "short", sum_by({}, queries.up())),
           stat("Requests", "A second.", "reqps", requests(queries, {})),
           stat("Failed", "The part that ended in a 5xx.", "percentunit",
                share(requests(queries, {}, {{"status", "=~", "5.."}}), requests(queries, {})),
                {{0.01, "orange"}, {0.05, "red"}}),
           stat("95 % below", "Nineteen of twenty requests are faster.", "s", latency(queries, 0.95, {}),
                {{0.5, "orange"}, {1, "red"}}),
           stat("In flight", "Requests being handled.", "short", sum_by({}, queries.value("mmf_requests_in_flight"))),
           stat("Youngest instance", "Since it started.", "s", binary(time(), "-", started))}};
}

Row traffic(const Queries& queries) {
  const Query errors = sum_by({"code"}, queries.rate("mmf_errors_total", kInterval, {chosen_routes()}));
  return {
      "Traffic",
      {{.type = "timeseries",
        .title = "Requests by route",
        .description = "A second.",
        .unit = "reqps",
        .targets = {target(above(requests(queries, {"method", "route"}), 0), "{{method}} {{route}}")}},
       {.type = "timeseries",
        .title = "Requests by status",
        .description = "A second.",
        .unit = "reqps",
        .targets = {target(above(requests(queries, {"status"}), 0), "{{status}}")}},
       {.type = "timeseries",
        .title = "Errors by code",
        .description = "A second. unavailable and deadline_exceeded point at a dependency, internal at the service.",
        .unit = "reqps",
        .targets = {target(above(errors, 0), "{{code}}")}}}};
}

Row latencies(const Queries& queries) {
  return {"Latency",
          {{.type = "timeseries",
            .title = "Latency",
            .description = "From a request's head to the end of its response. Dots are single requests: their traces.",
            .unit = "s",
            .targets = {with_exemplars(latency(queries, 0.5, {}), "50 %"), target(latency(queries, 0.95, {}), "95 %"),
                        target(latency(queries, 0.99, {}), "99 %")},
            .thresholds = {{0.5, "red"}},
            .width = 12},
           {.type = "timeseries",
            .title = "95 % of a route's requests are below",
            .description = "Of each route.",
            .unit = "s",
            .targets = {target(above(latency(queries, 0.95, {"route"}), 0), "{{route}}")},
            .width = 12}}};
}

// Of the rules in rules/slo.yaml.
Row objectives(const Queries& queries) {
  const LabelNames labels = {"service", "slo"};
  return {"Objectives",
          {{.type = "timeseries",
            .title = "Error budget left",
            .description = "1: untouched; 0: spent; below: the objective is missed.",
            .unit = "percentunit",
            .targets = {target(queries.recorded("slo:period_error_budget_remaining:ratio", labels), "{{slo}}")},
            .width = 12},
           {.type = "timeseries",
            .title = "Burn rate",
            .description = "1 spends the budget just by the end of the objective's window; an alert begins at 14.4.",
            .unit = "short",
            .targets = {target(queries.recorded("slo:current_burn_rate:ratio", labels), "{{slo}}")},
            .thresholds = {{14.4, "red"}},
            .width = 12}}};
}

Row resources(const Queries& queries) {
  const Query used = sum_by({"instance"}, queries.rate("process_cpu_seconds_total", kInterval));
  return {"Resources",
          {{.type = "timeseries",
            .title = "Processor time",
            .description = "Cores in use.",
            .targets = {target(used, "{{instance}}")}},
           {.type = "timeseries",
            .title = "Memory",
            .description = "Resident.",
            .unit = "bytes",
            .targets = {target(queries.value("process_resident_memory_bytes"), "{{instance}}")}},
           {.type = "timeseries",
            .title = "File descriptors",
            .description = "Open ones: connections for the most part.",
            .targets = {target(queries.value("process_open_fds"), "{{instance}}")}}}};
}

Row database(const Queries& queries) {
  const char* const operations = "mmf_database_operations_total";
  return {"Database",
          {{.type = "timeseries",
            .title = "Operations",
            .description = "A second.",
            .unit = "ops",
            .targets = {target(sum_by({"operation", "table"}, queries.rate(operations, kInterval)),
                               "{{operation}} {{table}}")}},
           {.type = "timeseries",
            .title = "Operations that failed",
            .description = "A second, by what the database said.",
            .unit = "ops",
            .targets = {target(sum_by({"status"}, queries.rate(operations, kInterval, {{"status", "!=", "ok"}})),
                               "{{status}}")}},
           {.type = "timeseries",
            .title = "Connections",
            .description = "Of the pools. All used: operations wait for one.",
            .targets = {target(sum_by({"state"}, queries.value("mmf_db_connections")), "{{state}}")}}}};
}

Row changes(const Queries& queries) {
  const auto a_second = [&](const char* counter) { return sum_by({}, queries.rate(counter, kInterval)); };
  return {
      "What runs",
      {{.type = "table",
        .title = "Versions",
        .description = "Of the instances.",
        .targets = {target(aggregate("count", {"version", "compiler"}, queries.value("mmf_build_info")), "")},
        .width = 6},
       {.type = "timeseries",
        .title = "Generation of the configuration",
        .description = "It rises when a changed file, secret or flag is taken over.",
        .targets = {target(queries.value("mmf_config_generation"), "{{instance}}")},
        .width = 6},
       {.type = "timeseries",
        .title = "Log lines by level",
        .description = "A second.",
        .targets = {target(sum_by({"level"}, queries.rate("mmf_log_lines_total", kInterval)), "{{level}}")},
        .width = 6},
       {.type = "timeseries",
        .title = "Log lines and series lost",
        .description = "A second. Dropped: nobody reads standard output fast enough. Suppressed: one place logged too "
                       "many. Series: beyond a metric's limit.",
        .targets = {target(a_second("mmf_log_lines_dropped_total"), "lines dropped"),
                    target(a_second("mmf_log_lines_suppressed_total"), "lines suppressed"),
                    target(a_second("mmf_metrics_dropped_series_total"), "series")},
        .width = 6}}};
}

}  // namespace

Dashboard service_overview(const Queries& queries) {
  Dashboard dashboard{
      .uid = "mmf-service-overview",
      .title = "MMF Service Overview",
      .description = "Whether a service does what it is there for, and what it runs on.",
      .variables = {service_variable(queries), route_variable(queries)},
      .rows = {status(queries), traffic(queries), latencies(queries), objectives(queries), resources(queries)}};
  if (queries.has("mmf_database_operations_total")) dashboard.rows.push_back(database(queries));
  dashboard.rows.push_back(changes(queries));
  return dashboard;
}

}  // namespace marty::observability::internal
