#include "marty/observability/internal/dashboard.hpp"

namespace marty::observability::internal {
namespace {

constexpr const char* kDatabaseDuration = "mmf_database_operation_duration_seconds";

Query all_requests(const Queries& queries) { return sum_by({}, queries.rate("mmf_requests_total", kInterval)); }

Row latency_by_route(const Queries& queries) {
  const Matchers routes = {chosen_routes()};
  const Query time = sum_by({"method", "route"}, queries.rate_sum(kRequestDuration, kInterval, routes));
  const Query count = sum_by({"method", "route"}, queries.rate_count(kRequestDuration, kInterval, routes));
  const Query slow = quantile(0.99, sum_by({"route", "le"}, queries.rate_buckets(kRequestDuration, kInterval, routes)));
  return {"Latency",
          {{.type = "heatmap",
            .title = "Requests by duration",
            .description = "How many a second fell into each bucket.",
            .unit = "s",
            .targets = {with_exemplars(sum_by({"le"}, queries.rate_buckets(kRequestDuration, kInterval, routes)),
                                       "{{le}}")},
            .width = 12},
           {.type = "timeseries",
            .title = "99 % of a route's requests are below",
            .description = "Of each route.",
            .unit = "s",
            .targets = {target(above(slow, 0), "{{route}}")},
            .width = 12},
           {.type = "timeseries",
            .title = "Mean duration",
            .description = "Of each route.",
            .unit = "s",
            .targets = {target(binary(time, "/", above(count, 0)), "{{method}} {{route}}")},
            .width = 12},
           {.type = "timeseries",
            .title = "Time spent by route",
            .description = "Seconds a second: where work would pay off.",
            .targets = {target(above(time, 0), "{{method}} {{route}}")},
            .width = 12}}};
}

Row processor(const Queries& queries) {
  const Query used = sum_by({"instance"}, queries.rate("process_cpu_seconds_total", kInterval));
  const Query loops = aggregate("count", {"instance"}, queries.counts("mmf_event_loop_lag_seconds"));
  const Query lag =
      quantile(0.99, sum_by({"instance", "loop", "le"}, queries.rate_buckets("mmf_event_loop_lag_seconds", kInterval)));
  return {"Processor and loops",
          {{.type = "timeseries",
            .title = "Busy",
            .description = "Processor time for each event loop, which is one core's worth of work.",
            .unit = "percentunit",
            .targets = {target(binary(used, "/", loops), "{{instance}}")},
            .thresholds = {{0.8, "red"}}},
           {.type = "timeseries",
            .title = "Processor time for each request",
            .description = "Of everything the process does.",
            .unit = "s",
            .targets = {target(binary(sum_by({}, used), "/", above(all_requests(queries), 0)), "a request")}},
           {.type = "timeseries",
            .title = "Lag of the loops",
            .description = "How late a loop gets to its work; 99 % are below. Handlers that compute hold it up.",
            .unit = "s",
            .targets = {target(lag, "{{instance}} loop {{loop}}")},
            .thresholds = {{0.1, "red"}}}}};
}

Row load(const Queries& queries) {
  return {"Load",
          {{.type = "timeseries",
            .title = "Requests",
            .description = "A second, of each instance.",
            .unit = "reqps",
            .targets = {target(sum_by({"instance"}, queries.rate("mmf_requests_total", kInterval)), "{{instance}}")},
            .width = 6},
           {.type = "timeseries",
            .title = "Requests in flight",
            .description = "Being handled, of each instance.",
            .targets = {target(queries.value("mmf_requests_in_flight"), "{{instance}}")},
            .width = 6},
           {.type = "timeseries",
            .title = "Memory",
            .description = "Resident and reserved.",
            .unit = "bytes",
            .targets = {target(queries.value("process_resident_memory_bytes"), "resident {{instance}}"),
                        target(queries.value("process_virtual_memory_bytes"), "virtual {{instance}}")},
            .width = 6},
           {.type = "timeseries",
            .title = "File descriptors in use",
            .description = "Of those that the process may open.",
            .unit = "percentunit",
            .targets = {target(binary(queries.value("process_open_fds"), "/", queries.value("process_max_fds")),
                               "{{instance}}")},
            .thresholds = {{0.8, "red"}},
            .width = 6}}};
}

Row database_load(const Queries& queries) {
  const Query time = sum_by({}, queries.rate_sum(kDatabaseDuration, kInterval));
  const Query slow =
      quantile(0.95, sum_by({"operation", "table", "le"}, queries.rate_buckets(kDatabaseDuration, kInterval)));
  const Query whole = sum_by({}, queries.rate_sum(kRequestDuration, kInterval));
  return {"Database",
          {{.type = "timeseries",
            .title = "95 % of the operations are below",
            .description = "Without the wait for a connection.",
            .unit = "s",
            .targets = {target(above(slow, 0), "{{operation}} {{table}}")}},
           {.type = "timeseries",
            .title = "Time spent by operation",
            .description = "Seconds a second: where an index would pay off.",
            .targets = {target(sum_by({"operation", "table"}, queries.rate_sum(kDatabaseDuration, kInterval)),
                               "{{operation}} {{table}}")}},
           {.type = "timeseries",
            .title = "The database's part of the requests' time",
            .description = "Near 1: requests do little but wait for it.",
            .unit = "percentunit",
            .targets = {target(binary(time, "/", above(whole, 0)), "part")}}}};
}

}  // namespace

Dashboard performance_analysis(const Queries& queries) {
  return {.uid = "mmf-performance-analysis",
          .title = "MMF Performance Analysis",
          .description = "Where the time goes: routes, processor, loops, database.",
          .variables = {service_variable(queries), route_variable(queries)},
          .rows = {latency_by_route(queries), processor(queries), load(queries), database_load(queries)}};
}

}  // namespace marty::observability::internal
