// Rules of Prometheus: recording rules and alerts, in groups, and the YAML that it loads them from
// (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
//
//   std::string text = rules_yaml("# Generated.", slo_rules(queries, telemetry::default_slos()));
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/observability/query.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::observability {

// One of `record` and `alert` is set.
struct Rule {
  std::string record;
  std::string alert;
  Query expression;
  runtime::Duration hold = runtime::Duration::zero();  // how long it has to be true: `for`
  telemetry::Labels labels;
  telemetry::Labels annotations;  // may hold Prometheus' templates: {{ $value }}
};

struct RuleGroup {
  std::string name;
  std::vector<Rule> rules;
};

// `comment` comes first. A long expression has a line for each of its alternatives.
std::string rules_yaml(std::string_view comment, std::span<const RuleGroup> groups);

// "5m", "1h", "3d": whole seconds in the largest unit that leaves no rest, as PromQL takes them.
std::string duration_text(runtime::Duration duration);

}  // namespace marty::observability
