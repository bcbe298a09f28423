#include "marty/admin/internal/status_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "marty/admin/internal/html.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/world.hpp"
#include "marty/web/protocol.hpp"

namespace marty::admin::internal {
namespace {

std::string_view label(const telemetry::Series& series, std::string_view name) {
  const auto found = std::ranges::find(series.labels, name, &telemetry::Label::name);
  return found != series.labels.end() ? std::string_view(found->value) : std::string_view();
}

template <class Take>
void for_each_series(const telemetry::Metrics& metrics, std::string_view family_name, Take&& take) {
  const auto family = metrics.read(family_name);
  if (!family) return;
  for (const telemetry::Series& series : family->series) take(series, *family);
}

// The requests of one route, of all statuses.
struct Counted {
  std::uint64_t requests = 0, failed = 0;
  std::vector<std::uint64_t> buckets;
  std::vector<double> bounds;

  void add(const telemetry::Series& series, const telemetry::MetricFamily& family) {
    const auto count = static_cast<std::uint64_t>(series.value);
    requests += count;
    if (label(series, "status").starts_with('5')) failed += count;
    bounds = family.bounds;
    buckets.resize(series.buckets.size());
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += series.buckets[i];
  }

  // As Prometheus estimates it: even within a bucket, and the last bound for what is above that.
  std::optional<double> quantile_ms(double q) const {
    if (requests == 0) return std::nullopt;
    const double rank = q * static_cast<double>(requests);
    double below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const auto here = static_cast<double>(buckets[i]);
      if (here > 0 && below + here >= rank) {
        const double lower = i == 0 ? 0 : bounds[i - 1];
        return 1000 * (lower + (bounds[i] - lower) * (rank - below) / here);
      }
      below += here;
    }
    return 1000 * bounds.back();
  }
};

using RouteName = std::pair<std::string, std::string>;  // method and pattern

std::map<RouteName, Counted> counted_routes(const telemetry::Metrics& metrics) {
  std::map<RouteName, Counted> counted;
  for_each_series(metrics, "mmf_request_duration_seconds", [&](const auto& series, const auto& family) {
    counted[{std::string(label(series, "method")), std::string(label(series, "route"))}].add(series, family);
  });
  return counted;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  return whole < 3600 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                      : fmt::format("{} d {} h {} min", whole / 86400, whole / 3600 % 24, whole / 60 % 60);
}

std::string_view status_name(health::HealthStatus status) {
  switch (status) {
    case health::HealthStatus::healthy:
      return "healthy";
    case health::HealthStatus::degraded:
      return "degraded";
    case health::HealthStatus::unhealthy:
      break;
  }
  return "unhealthy";
}

Cell status_cell(health::HealthStatus status) {
  return badge(status == health::HealthStatus::healthy, status_name(status));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
  return all;
}

}  // namespace

Overview overview(const Subject& subject, Timestamp since) {
  Overview result{.service = subject.name,
                  .version = subject.version,
                  .environment = subject.environment,
                  .since = since,
                  .uptime_seconds = std::chrono::duration<double>(runtime::wall_now() - since).count(),
                  .configuration_generation = subject.configuration.generation(),
                  .health = subject.health.report(),
                  .reasons = subject.health.reasons(),
                  .objectives = {}};
  std::map<std::string_view, double> remaining;
  const auto budgets = subject.metrics.read("mmf_slo_error_budget_remaining_ratio");
  if (budgets) {
    for (const telemetry::Series& series : budgets->series) remaining[label(series, "slo")] = series.value;
  }
  for_each_series(subject.metrics, "mmf_slo_compliance_ratio", [&](const telemetry::Series& series, const auto&) {
    const std::string_view name = label(series, "slo");
    result.objectives.push_back({std::string(name), series.value, remaining.contains(name) ? remaining[name] : 1});
  });
  return result;
}

std::string to_html(const Overview& overview) {
  Html page("Overview", overview.service);
  page.table({});
  page.fact("Service", text(overview.service + " " + overview.version));
  page.fact("Environment", text(overview.environment));
  page.fact("Running since",
            text(format_timestamp(overview.since) + " (" + duration_text(overview.uptime_seconds) + ")"));
  page.fact("Configuration", link("/configuration", fmt::format("generation {}", overview.configuration_generation)));
  page.fact("Health", status_cell(overview.health.status));
  page.fact("Phase", text(overview.health.phase));
  page.end_table();
  page.heading("Components");
  page.table({"component", "status", "required", "why"});
  for (const health::ComponentHealth& each : overview.health.components) {
    const auto why = std::ranges::find(overview.reasons, each.name, &health::HealthReason::component);
    page.row({text(each.name), status_cell(each.status), text(each.required ? "yes" : "no"),
              text(why != overview.reasons.end() ? why->reason : std::string())});
  }
  page.end_table();
  page.heading("Service level objectives");
  page.table({"objective", "good", "error budget left"});
  for (const Objective& each : overview.objectives) {
    Cell budget = percent(each.budget_remaining);
    if (each.budget_remaining <= 0) budget.style = "number bad";
    page.row({text(each.name), percent(each.compliance), budget});
  }
  page.end_table();
  return page.finish();
}

Routes routes(const Subject& subject) {
  Routes result{.service = subject.name, .filters = subject.app.filters(), .routes = {}};
  std::map<RouteName, Counted> counted = counted_routes(subject.metrics);
  for (const auto& route : subject.app.routes()) {
    const std::string method(http::method_name(route->method));
    const Counted& requests = counted[{method, route->pattern}];
    result.routes.push_back({.method = method,
                             .pattern = route->pattern,
                             .summary = route->summary,
                             .permissions = route->permissions,
                             .requires_caller = route->is_protected(),
                             .sampling = route->sampling,
                             .requests = requests.requests,
                             .failed = requests.failed,
                             .p50_ms = requests.quantile_ms(0.5),
                             .p95_ms = requests.quantile_ms(0.95),
                             .p99_ms = requests.quantile_ms(0.99)});
  }
  return result;
}

std::string to_html(const Routes& routes) {
  Html page("Routes", routes.service);
  page.table({"method", "route", "what it does", "needs", "sampled", "requests", "failed", "p50", "p95", "p99"});
  for (const RouteFacts& each : routes.routes) {
    Cell failed = number(each.failed);
    if (each.failed > 0) failed.style = "number bad";
    page.row({code(each.method), code(each.pattern), text(each.summary),
              text(each.permissions.empty() ? (each.requires_caller ? "a caller" : "") : joined(each.permissions)),
              each.sampling ? percent(*each.sampling) : text(""), number(each.requests), failed,
              milliseconds(each.p50_ms), milliseconds(each.p95_ms), milliseconds(each.p99_ms)});
  }
  page.end_table();
  page.heading("Filters, in their order");
  page.table({});
  for (const std::string& filter : routes.filters) page.row({text(filter)});
  page.end_table();
  return page.finish();
}

Requests requests(const Subject& subject) { return {subject.name, subject.requests.all()}; }

std::string to_html(const Requests& requests) {
  Html page("Live requests", requests.service);
  if (requests.requests.empty()) page.note("Nothing is being handled right now.");
  page.table({"age", "method", "path", "route", "trace", "peer", "loop"});
  for (const LiveRequest& each : requests.requests)
    page.row({milliseconds(each.age_ms), code(each.method), code(each.path), code(each.route), code(each.trace_id),
              code(each.peer), number(each.loop)});
  page.end_table();
  return page.finish();
}

namespace {

// Of the calling fiber's loop.
LoopFacts facts_of_this_loop() {
  const auto& loop = runtime::internal::Scheduler::current();
  const runtime::LoopStats stats = runtime::Loop::current().stats();
  LoopFacts facts{.loop = loop.index(),
                  .fibers_started = stats.fibers_started,
                  .stack_high_water_bytes = stats.stack_high_water_bytes,
                  .processor_seconds = std::chrono::duration<double>(stats.processor_time).count(),
                  .fibers = {}};
  std::map<std::string, std::uint64_t> counts;
  for (const std::string& name : loop.live_fiber_names()) ++counts[name];
  for (const auto& [name, count] : counts) facts.fibers.push_back({name, count});
  return facts;
}

}  // namespace

Runtime runtime_facts(const Subject& subject) {
  Runtime result{.service = subject.name, .loops = {}, .blocking_pools = {}, .database_connections = {}};
  for (runtime::Loop* const loop : runtime::World::current().loops())
    runtime::run_on(*loop, [&] { result.loops.push_back(facts_of_this_loop()); });
  for (const runtime::BlockingPoolStats& pool : runtime::blocking_pool_stats())
    result.blocking_pools.push_back({pool.name, pool.threads, pool.busy, pool.queued, pool.calls, pool.rejected});
  for_each_series(subject.metrics, "mmf_db_connections", [&](const telemetry::Series& series, const auto&) {
    result.database_connections.push_back(
        {std::string(label(series, "state")), static_cast<std::uint64_t>(std::max(0.0, series.value))});
  });
  return result;
}

std::string to_html(const Runtime& runtime) {
  Html page("Runtime", runtime.service);
  page.heading("Event loops");
  page.table({"loop", "processor time", "fibers started", "deepest stack", "fibers alive"});
  for (const LoopFacts& loop : runtime.loops) {
    std::vector<std::string> fibers;
    for (const FiberCount& each : loop.fibers)
      fibers.push_back(each.count == 1 ? each.name : fmt::format("{} × {}", each.count, each.name));
    page.row({number(loop.loop),
              {fmt::format("{:.3f} s", loop.processor_seconds), "number"},
              number(loop.fibers_started),
              {fmt::format("{} KiB", loop.stack_high_water_bytes / 1024), "number"},
              text(joined(fibers))});
  }
  page.end_table();
  page.heading("Blocking pools");
  page.table({"pool", "threads", "busy", "waiting", "calls", "refused"});
  for (const PoolFacts& pool : runtime.blocking_pools)
    page.row({text(pool.name), number(pool.threads), number(pool.busy), number(pool.queued), number(pool.calls),
              number(pool.rejected)});
  page.end_table();
  if (runtime.database_connections.empty()) return page.finish();
  page.heading("Database connections");
  page.table({"state", "connections"});
  for (const ConnectionFacts& each : runtime.database_connections) page.row({text(each.state), number(each.count)});
  page.end_table();
  return page.finish();
}

}  // namespace marty::admin::internal
