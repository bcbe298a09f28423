#include "marty/observability/internal/dashboard.hpp"

namespace marty::observability::internal {
namespace {

Panel traces(std::string title, std::string description) {
  return {.type = "table",
          .title = std::move(title),
          .description = std::move(description),
          .targets = {{"$service", ""}},
          .source = Source::jaeger,
          .width = 24,
          .height = 10};
}

Panel lines(std::string title, std::string description, std::string query) {
  return {.type = "logs",
          .title = std::move(title),
          .description = std::move(description),
          .targets = {{std::move(query), ""}},
          .source = Source::elasticsearch,
          .width = 24,
          .height = 10};
}

Row requests(const Queries& queries) {
  const Matchers routes = {chosen_routes()};
  const auto slowest = [&](double q) {
    return quantile(q, sum_by({"route", "le"}, queries.rate_buckets(kRequestDuration, kInterval, routes)));
  };
  const Query errors = sum_by({"route", "code"}, queries.rate("mmf_errors_total", kInterval, routes));
  return {
      "Which requests to look at",
      {{.type = "timeseries",
        .title = "Slow requests",
        .description = "95 % of a route's requests are below. Dots are single requests: a click opens the trace.",
        .unit = "s",
        .targets = {with_exemplars(above(slowest(0.95), 0), "{{route}}")},
        .width = 12},
       {.type = "timeseries",
        .title = "Errors",
        .description = "A second, by route and code.",
        .unit = "reqps",
        .targets = {target(above(errors, 0), "{{route}} {{code}}")},
        .width = 12},
       {.type = "heatmap",
        .title = "Requests by duration",
        .description = "How many a second fell into each bucket.",
        .unit = "s",
        .targets = {with_exemplars(sum_by({"le"}, queries.rate_buckets(kRequestDuration, kInterval, routes)),
                                   "{{le}}")},
        .width = 16},
       {.type = "timeseries",
        .title = "Spans",
        .description = "A second, by what became of them: sampled, kept because of an error or their duration, left "
                       "out, dropped because nobody collects fast enough.",
        .unit = "ops",
        .targets = {target(sum_by({"result"}, queries.rate("mmf_spans_total", kInterval)), "{{result}}")}},
       {.type = "timeseries",
        .title = "Rejected ids",
        .description = "Requests a second whose ids were malformed, or came from a peer that is not trusted with them.",
        .unit = "reqps",
        .targets = {target(sum_by({"reason"}, queries.rate("mmf_correlation_rejected_total", kInterval)),
                           "{{reason}}")},
        .width = 24}}};
}

}  // namespace

Dashboard tracing_analysis(const Queries& queries) {
  return {.uid = "mmf-tracing-analysis",
          .title = "MMF Distributed Tracing",
          .description = "From a slow or failed request to its trace, and from there to its log lines and back.",
          .variables = {service_variable(queries), route_variable(queries)},
          .rows = {requests(queries),
                   {"Traces", {traces("Latest traces", "A click opens the trace; its spans lead to their log lines.")}},
                   {"Logs",
                    {lines("Errors in the log", "trace_id leads to the trace.",
                           "resource.attributes.service.name:\"$service\" AND severity_number:>=17")}}}};
}

}  // namespace marty::observability::internal
