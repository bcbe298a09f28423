#include "marty/observability/internal/dashboard.hpp"

namespace marty::observability::internal {
namespace {

constexpr const char* kOperations = "mmf_plugin_operations_total";
constexpr const char* kPluginDuration = "mmf_plugin_operation_duration_seconds";

Matcher chosen_plugins() { return {"plugin_id", "=~", "$plugin"}; }

Query operations(const Queries& queries, const LabelNames& by, Matchers matchers = {}) {
  matchers.push_back(chosen_plugins());
  return sum_by(by, queries.rate(kOperations, kInterval, matchers));
}

Query latency(const Queries& queries, LabelNames by) {
  by.emplace_back("le");
  return quantile(0.95, sum_by(by, queries.rate_buckets(kPluginDuration, kInterval, {chosen_plugins()})));
}

Row plugins(const Queries& queries) {
  return {"Plugins",
          {{.type = "timeseries",
            .title = "Operations by plugin",
            .description = "A second.",
            .unit = "ops",
            .targets = {target(operations(queries, {"plugin_id"}), "{{plugin_id}}")}},
           {.type = "timeseries",
            .title = "Failed, by plugin",
            .description = "The part of a plugin's operations that did not end in ok.",
            .unit = "percentunit",
            .targets = {target(
                share(operations(queries, {"plugin_id"}, {{"status", "!=", "ok"}}), operations(queries, {"plugin_id"})),
                "{{plugin_id}}")},
            .thresholds = {{0.02, "orange"}, {0.2, "red"}}},
           {.type = "timeseries",
            .title = "95 % of a plugin's operations are below",
            .description = "Of each plugin.",
            .unit = "s",
            .targets = {target(latency(queries, {"plugin_id"}), "{{plugin_id}}")},
            .thresholds = {{1, "red"}}}}};
}

Row single(const Queries& queries) {
  return {"Operations",
          {{.type = "timeseries",
            .title = "Operations",
            .description = "A second.",
            .unit = "ops",
            .targets = {target(operations(queries, {"plugin_id", "operation"}), "{{plugin_id}} {{operation}}")}},
           {.type = "timeseries",
            .title = "Operations that failed",
            .description = "A second, by status.",
            .unit = "ops",
            .targets = {target(operations(queries, {"plugin_id", "operation", "status"}, {{"status", "!=", "ok"}}),
                               "{{plugin_id}} {{operation}} {{status}}")}},
           {.type = "timeseries",
            .title = "95 % of the operations are below",
            .description = "Of each operation.",
            .unit = "s",
            .targets = {target(latency(queries, {"plugin_id", "operation"}), "{{plugin_id}} {{operation}}")}},
           {.type = "heatmap",
            .title = "Operations by duration",
            .description = "How many a second fell into each bucket.",
            .unit = "s",
            .targets = {target(sum_by({"le"}, queries.rate_buckets(kPluginDuration, kInterval, {chosen_plugins()})),
                               "{{le}}")},
            .width = 24}}};
}

}  // namespace

Dashboard plugin_troubleshooting(const Queries& queries) {
  const Panel lines{
      .type = "logs",
      .title = "Log lines of the plugins",
      .description = "trace_id leads to the trace.",
      .targets = {{"resource.attributes.service.name:\"$service\" AND attributes.plugin_id:/${plugin:regex}/", ""}},
      .source = Source::elasticsearch,
      .width = 24,
      .height = 10};
  return {
      .uid = "mmf-plugin-troubleshooting",
      .title = "MMF Plugin Debugging",
      .description = "Which plugin fails or waits, in which operation, and what it says of it.",
      .variables = {service_variable(queries),
                    {"plugin", "Plugin",
                     "label_values(" + queries.family(kOperations).name + "{service=\"$service\"}, plugin_id)", true}},
      .rows = {plugins(queries), single(queries), {"Logs", {lines}}}};
}

}  // namespace marty::observability::internal
