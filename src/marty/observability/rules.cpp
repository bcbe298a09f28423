#include "marty/observability/rules.hpp"

#include <yaml-cpp/yaml.h>

#include <utility>

namespace marty::observability {
namespace {

constexpr std::size_t kLongExpression = 110;

// At the words that join whole comparisons; PromQL takes line ends as spaces.
std::string broken(std::string text) {
  if (text.size() < kLongExpression) return text;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    const std::string_view rest = std::string_view(text).substr(at);
    if (depth < 2 && (rest.starts_with(" or ") || rest.starts_with(" / ") || rest.starts_with(" and ")))
      text[at] = '\n';
  }
  return text;
}

void emit(YAML::Emitter& out, const char* key, const telemetry::Labels& labels) {
  if (labels.empty()) return;
  out << YAML::Key << key << YAML::Value << YAML::BeginMap;
  for (const telemetry::Label& label : labels) {
    out << YAML::Key << label.name << YAML::Value;
    if (label.value.find('\n') != std::string::npos) out << YAML::Literal;
    out << label.value;
  }
  out << YAML::EndMap;
}

void emit(YAML::Emitter& out, const Rule& rule) {
  out << YAML::BeginMap;
  out << YAML::Key << (rule.alert.empty() ? "record" : "alert") << YAML::Value
      << (rule.alert.empty() ? rule.record : rule.alert);
  const std::string expression = broken(rule.expression.text());
  out << YAML::Key << "expr" << YAML::Value;
  if (expression.find('\n') != std::string::npos) out << YAML::Literal;
  out << expression;
  if (rule.hold > runtime::Duration::zero()) out << YAML::Key << "for" << YAML::Value << duration_text(rule.hold);
  emit(out, "labels", rule.labels);
  emit(out, "annotations", rule.annotations);
  out << YAML::EndMap;
}

}  // namespace

std::string duration_text(runtime::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  constexpr std::pair<std::int64_t, const char*> kUnits[] = {{86'400, "d"}, {3'600, "h"}, {60, "m"}};
  for (const auto& [unit, letter] : kUnits) {
    if (seconds % unit == 0) return std::to_string(seconds / unit) + letter;
  }
  return std::to_string(seconds) + "s";
}

std::string rules_yaml(std::string_view comment, std::span<const RuleGroup> groups) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "groups" << YAML::Value << YAML::BeginSeq;
  for (const RuleGroup& group : groups) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << group.name << YAML::Key << "rules" << YAML::Value
        << YAML::BeginSeq;
    for (const Rule& rule : group.rules) emit(out, rule);
    out << YAML::EndSeq << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  return std::string(comment) + "\n" + out.c_str() + "\n";
}

}  // namespace marty::observability
