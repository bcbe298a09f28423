#include "marty/observability/observability.hpp"

#include <algorithm>

#include "marty/json/indented.hpp"
#include "marty/observability/alerts.hpp"
#include "marty/observability/internal/dashboard.hpp"
#include "marty/observability/slo_rules.hpp"

namespace marty::observability {
namespace {

using internal::Dashboard;
using internal::Panel;
using telemetry::MetricFamily;
using telemetry::MetricKind;

// Of the service that is chosen in a dashboard.
Queries chosen(std::vector<MetricFamily> families) {
  return Queries(std::move(families), {{"service", "=", "$service"}});
}

File file_of(const Dashboard& dashboard) {
  return {"dashboards/" + dashboard.uid + ".json", json::indented(internal::to_json(dashboard))};
}

// The labels that tell the series of a family apart, as a legend.
std::string legend_of(const LabelNames& labels) {
  std::string text;
  for (const std::string& label : labels) text += (text.empty() ? "{{" : " {{") + label + "}}";
  return text;
}

Panel panel_of(const Queries& queries, const MetricFamily& family) {
  LabelNames labels;
  if (!family.series.empty()) {
    for (const telemetry::Label& label : family.series.front().labels) labels.push_back(label.name);
  }
  LabelNames buckets = labels;
  buckets.emplace_back("le");
  Panel panel{.type = "timeseries", .title = family.name, .description = family.help};
  const auto show = [&](const Query& query) { panel.targets.push_back(internal::target(query, legend_of(labels))); };
  if (family.name.ends_with("_seconds")) panel.unit = "s";
  if (family.name.ends_with("_bytes")) panel.unit = "bytes";
  switch (family.kind) {
    case MetricKind::counter:
      panel.description += " A second.";
      show(sum_by(labels, queries.rate(family.name, internal::kInterval)));
      break;
    case MetricKind::gauge:
      show(sum_by(labels, queries.value(family.name)));
      break;
    case MetricKind::histogram:
      panel.description += " 95 % are below.";
      show(quantile(0.95, sum_by(buckets, queries.rate_buckets(family.name, internal::kInterval))));
      break;
  }
  return panel;
}

std::string comment(const RuleOptions& options, const std::string& arguments) {
  const std::string program = options.service.empty() ? "PROGRAM" : options.service;
  return "# Generated from the metric registry: " + program + " observability rules" + arguments +
         " writes it for one service.";
}

}  // namespace

std::vector<File> dashboard_files(const std::vector<MetricFamily>& families) {
  const Queries queries = chosen(families);
  return {file_of(internal::service_overview(queries)), file_of(internal::tracing_analysis(queries)),
          file_of(internal::plugin_troubleshooting(queries)), file_of(internal::performance_analysis(queries))};
}

std::vector<File> own_dashboard(const std::string& service, const std::vector<MetricFamily>& families,
                                const std::vector<MetricFamily>& standard) {
  const Queries queries(families, {{"service", "=", service}});
  internal::Row row{.title = "Metrics", .panels = {}};
  for (const MetricFamily& family : families) {
    if (std::ranges::count(standard, family.name, &MetricFamily::name) == 0)
      row.panels.push_back(panel_of(queries, family));
  }
  if (row.panels.empty()) return {};
  return {file_of({.uid = service + "-metrics",
                   .title = service + " metrics",
                   .description = "What " + service + " measures besides what every service does.",
                   .variables = {},
                   .rows = {row}})};
}

std::vector<File> rule_files(const std::vector<MetricFamily>& families, const RuleOptions& options) {
  const Queries queries(families, options.service.empty() ? Matchers{} : Matchers{{"service", "=", options.service}});
  std::vector<File> files;
  for (const std::string_view each : kEnvironments) {
    const std::string environment = options.environment.empty() ? std::string(each) : options.environment;
    files.push_back({"rules/" + environment + ".yaml",
                     rules_yaml(comment(options, " --environment " + environment), alert_rules(queries, environment))});
    if (!options.environment.empty()) break;
  }
  if (!options.slos.empty())
    files.push_back({"rules/slo.yaml", rules_yaml(comment(options, ""), slo_rules(queries, options.slos))});
  return files;
}

}  // namespace marty::observability
