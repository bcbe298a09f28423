// Dashboard: rows of panels, and the JSON that Grafana 10 and later load it from.
#pragma once

#include <string>
#include <vector>

#include "marty/json/value.hpp"
#include "marty/observability/query.hpp"

namespace marty::observability::internal {

inline constexpr const char* kRequestDuration = "mmf_request_duration_seconds";

// Where a panel's data come from; each is a variable of the dashboard.
enum class Source { prometheus, jaeger, elasticsearch };

// One series, or a family of them. Of Prometheus a Query; of Jaeger a service; of Elasticsearch a query of Lucene over
// log records as the collector stores them (https://opentelemetry.io/docs/specs/otel/logs/data-model/).
struct Target {
  std::string text;
  std::string legend;      // "{{route}}"
  bool exemplars = false;  // of a histogram's buckets
};
Target target(const Query& query, std::string legend);
Target with_exemplars(const Query& query, std::string legend);

// From `from` on, a value has this colour.
struct Threshold {
  double from;
  const char* colour;
};

struct Panel {
  const char* type;  // timeseries, stat, table, heatmap, logs
  std::string title;
  std::string description;
  const char* unit = "short";  // of Grafana: s, bytes, reqps, percentunit
  std::vector<Target> targets;
  std::vector<Threshold> thresholds = {};
  Source source = Source::prometheus;
  int width = 8;  // of 24
  int height = 8;
};

struct Row {
  std::string title;
  std::vector<Panel> panels;
};

// A list to choose from, filled by a query of Prometheus.
struct Variable {
  std::string name;
  std::string label;
  std::string values;  // label_values(...)
  bool several = false;
};

struct Dashboard {
  std::string uid;  // and the file's name
  std::string title;
  std::string description;
  std::vector<Variable> variables;
  std::vector<Row> rows;
};

json::Value to_json(const Dashboard& dashboard);

// Over the service and routes that are chosen.
inline constexpr const char* kInterval = "$__rate_interval";
Matcher chosen_routes();
Variable service_variable(const Queries& queries);
Variable route_variable(const Queries& queries);

// The four.
Dashboard service_overview(const Queries& queries);
Dashboard tracing_analysis(const Queries& queries);
Dashboard plugin_troubleshooting(const Queries& queries);
Dashboard performance_analysis(const Queries& queries);

}  // namespace marty::observability::internal
