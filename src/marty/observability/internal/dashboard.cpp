#include "marty/observability/internal/dashboard.hpp"

#include <algorithm>
#include <utility>

namespace marty::observability::internal {
namespace {

using json::Value;

constexpr std::pair<Source, const char*> kSources[] = {
    {Source::prometheus, "prometheus"}, {Source::jaeger, "jaeger"}, {Source::elasticsearch, "elasticsearch"}};

const char* name_of(Source source) {
  return std::ranges::find(kSources, source, &std::pair<Source, const char*>::first)->second;
}

Value source_json(Source source) {
  const std::string name = name_of(source);
  return Value::object({{"type", name}, {"uid", "${" + name + "}"}});
}

Value target_json(const Panel& panel, const Target& target, std::size_t index) {
  Value json = Value::object(
      {{"datasource", source_json(panel.source)}, {"refId", std::string(1, static_cast<char>('A' + index))}});
  const std::string_view type = panel.type;
  switch (panel.source) {
    case Source::jaeger:
      json["queryType"] = "search";
      json["service"] = target.text;
      json["limit"] = 20;
      return json;
    case Source::elasticsearch:
      json["query"] = target.text;
      json["timeField"] = "@timestamp";
      json["metrics"] = Value::array({Value::object({{"id", "1"}, {"type", "logs"}})});
      json["bucketAggs"] = Value::array();
      return json;
    case Source::prometheus:
      break;
  }
  json["expr"] = target.text;
  json["legendFormat"] = type == "table" ? "" : target.legend;
  json["exemplar"] = target.exemplars;
  const bool instant = type == "stat" || type == "table";
  json["instant"] = instant;
  json["range"] = !instant;
  if (type != "timeseries") json["format"] = type == "stat" ? "time_series" : type;
  return json;
}

Value thresholds_json(const std::vector<Threshold>& thresholds) {
  Value steps = Value::array({Value::object({{"color", "green"}, {"value", nullptr}})});
  for (const Threshold& each : thresholds)
    steps.push_back(Value::object({{"color", each.colour}, {"value", each.from}}));
  return Value::object({{"mode", "absolute"}, {"steps", std::move(steps)}});
}

Value field_config_json(const Panel& panel) {
  Value defaults = Value::object({{"unit", panel.unit}, {"thresholds", thresholds_json(panel.thresholds)}});
  if (std::string_view(panel.type) == "timeseries") {
    defaults["custom"] = Value::object({{"fillOpacity", 8}, {"showPoints", "never"}, {"axisSoftMin", 0}});
    if (!panel.thresholds.empty()) defaults["custom"]["thresholdsStyle"] = Value::object({{"mode", "line"}});
    defaults["color"] = Value::object({{"mode", "palette-classic"}});
  }
  return Value::object({{"defaults", std::move(defaults)}, {"overrides", Value::array()}});
}

Value options_json(const Panel& panel) {
  const std::string_view type = panel.type;
  if (type == "stat")
    return Value::object({{"colorMode", "value"},
                          {"graphMode", "area"},
                          {"reduceOptions", Value::object({{"calcs", Value::array({"lastNotNull"})}})}});
  if (type == "heatmap") return Value::object({{"calculate", false}, {"yAxis", Value::object({{"unit", panel.unit}})}});
  if (type == "logs") return Value::object({{"showTime", true}, {"enableLogDetails", true}, {"wrapLogMessage", true}});
  if (type == "table") return Value::object({{"showHeader", true}});
  return Value::object({{"tooltip", Value::object({{"mode", "multi"}, {"sort", "desc"}})},
                        {"legend", Value::object({{"displayMode", "list"}, {"placement", "bottom"}})}});
}

Value panel_json(const Panel& panel, int x, int y, int id) {
  Value targets = Value::array();
  for (std::size_t i = 0; i < panel.targets.size(); ++i) targets.push_back(target_json(panel, panel.targets[i], i));
  Value json = Value::object({{"id", id},
                              {"type", panel.type},
                              {"title", panel.title},
                              {"description", panel.description},
                              {"datasource", source_json(panel.source)},
                              {"gridPos", Value::object({{"x", x}, {"y", y}, {"w", panel.width}, {"h", panel.height}})},
                              {"fieldConfig", field_config_json(panel)},
                              {"options", options_json(panel)},
                              {"targets", std::move(targets)}});
  if (std::string_view(panel.type) == "table")
    json["transformations"] = Value::array({Value::object({{"id", "merge"}, {"options", Value::object()}})});
  return json;
}

Value row_json(const std::string& title, int y, int id) {
  return Value::object({{"id", id},
                        {"type", "row"},
                        {"title", title},
                        {"collapsed", false},
                        {"gridPos", Value::object({{"x", 0}, {"y", y}, {"w", 24}, {"h", 1}})},
                        {"panels", Value::array()}});
}

// From left to right, and a line below where the next one does not fit.
Value panels_json(const std::vector<Row>& rows) {
  constexpr int kColumns = 24;
  Value panels = Value::array();
  int y = 0, id = 1;
  for (const Row& row : rows) {
    panels.push_back(row_json(row.title, y++, id++));
    int x = 0, line = 0;
    for (const Panel& panel : row.panels) {
      if (x + panel.width > kColumns) x = 0, y += std::exchange(line, 0);
      panels.push_back(panel_json(panel, x, y, id++));
      x += panel.width;
      line = std::max(line, panel.height);
    }
    y += line;
  }
  return panels;
}

bool uses(const Dashboard& dashboard, Source source) {
  return std::ranges::any_of(dashboard.rows, [&](const Row& row) {
    return std::ranges::any_of(row.panels, [&](const Panel& panel) { return panel.source == source; });
  });
}

Value variables_json(const Dashboard& dashboard) {
  Value list = Value::array();
  for (const auto& [source, name] : kSources) {
    if (source != Source::prometheus && !uses(dashboard, source)) continue;
    list.push_back(
        Value::object({{"name", name}, {"label", "Data from"}, {"type", "datasource"}, {"query", name}, {"hide", 0}}));
  }
  for (const Variable& variable : dashboard.variables) {
    Value json = Value::object({{"name", variable.name},
                                {"label", variable.label},
                                {"type", "query"},
                                {"datasource", source_json(Source::prometheus)},
                                {"definition", variable.values},
                                {"query", Value::object({{"query", variable.values}, {"refId", "values"}})},
                                {"refresh", 2},
                                {"sort", 1},
                                {"multi", variable.several},
                                {"includeAll", variable.several}});
    if (variable.several) {
      json["allValue"] = ".*";
      json["current"] = Value::object({{"text", "All"}, {"value", "$__all"}});
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Target target(const Query& query, std::string legend) { return {query.text(), std::move(legend)}; }
Target with_exemplars(const Query& query, std::string legend) { return {query.text(), std::move(legend), true}; }

Matcher chosen_routes() { return {"route", "=~", "$route"}; }

Variable service_variable(const Queries& queries) {
  return {"service", "Service", "label_values(" + queries.family("mmf_build_info").name + ", service)"};
}

Variable route_variable(const Queries& queries) {
  return {"route", "Route",
          "label_values(" + queries.family("mmf_requests_total").name + "{service=\"$service\"}, route)", true};
}

Value to_json(const Dashboard& dashboard) {
  const Value links = Value::array({Value::object({{"title", "MMF"},
                                                   {"type", "dashboards"},
                                                   {"tags", Value::array({"mmf"})},
                                                   {"asDropdown", false},
                                                   {"includeVars", true},
                                                   {"keepTime", true}})});
  return Value::object({{"uid", dashboard.uid},
                        {"title", dashboard.title},
                        {"description", dashboard.description},
                        {"tags", Value::array({"mmf"})},
                        {"schemaVersion", 38},
                        {"version", 1},
                        {"editable", true},
                        {"refresh", "30s"},
                        {"time", Value::object({{"from", "now-1h"}, {"to", "now"}})},
                        {"graphTooltip", 1},
                        {"links", links},
                        {"templating", Value::object({{"list", variables_json(dashboard)}})},
                        {"annotations", Value::object({{"list", Value::array()}})},
                        {"panels", panels_json(dashboard.rows)}});
}

}  // namespace marty::observability::internal
