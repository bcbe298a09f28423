#include "support/log_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <regex>
#include <sstream>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/telemetry/internal/line_observer.hpp"

namespace marty::testing {
namespace {

using json::Value;

// The part of JSON Schema 2020-12 that the schema uses.
class SchemaCheck {
 public:
  std::vector<std::string> problems;

  void check(const Value& schema, const Value& value, const std::string& place) {
    for (const Value::Member& rule : schema.as_object()) check_rule(schema, rule.name, rule.value, value, place);
  }

 private:
  void problem(const std::string& place, const std::string& text) { problems.push_back(place + " " + text); }

  void check_rule(const Value& schema, std::string_view name, const Value& rule, const Value& value,
                  const std::string& place) {
    if (name == "type") return check_type(rule, value, place);
    if (name == "properties") return check_properties(rule, value, place);
    if (name == "additionalProperties") return check_others(schema["properties"], rule, value, place);
    if (name == "required") return check_required(rule, value, place);
    if (name == "dependentRequired") {
      for (const Value::Member& member : rule.as_object())
        if (value.find(member.name) != nullptr) check_required(member.value, value, place);
    } else if (name == "enum") {
      if (std::ranges::find(rule.as_array(), value) == rule.as_array().end()) problem(place, "is none of the values");
    } else if (name == "pattern") {
      if (value.is_string() && !matches(rule.as_string(), value.as_string())) problem(place, "has another form");
    } else if (name == "minLength" || name == "maxLength") {
      if (value.is_string()) check_length(name, rule.as_integer(), value.as_string(), place);
    } else if (name == "minimum") {
      if (value.is_number() && value.as_number() < rule.as_number()) problem(place, "is too small");
    } else if (name != "$schema" && name != "title" && name != "description" && name != "format") {
      problem(place, "has the unknown rule " + std::string(name));
    }
  }

  void check_type(const Value& types, const Value& value, const std::string& place) {
    const auto fits = [&value](const Value& type) {
      const std::string& name = type.as_string();
      return (name == "object" && value.is_object()) || (name == "string" && value.is_string()) ||
             (name == "number" && value.is_number()) || (name == "integer" && value.is_integer()) ||
             (name == "boolean" && value.is_boolean());
    };
    const bool good = types.is_array() ? std::ranges::any_of(types.as_array(), fits) : fits(types);
    if (!good) problem(place, "is " + std::string(value.type_name()));
  }

  void check_properties(const Value& properties, const Value& value, const std::string& place) {
    for (const Value::Member& property : properties.as_object())
      if (const Value* const found = value.find(property.name))
        check(property.value, *found, place + "/" + property.name);
  }

  void check_others(const Value& properties, const Value& rule, const Value& value, const std::string& place) {
    for (const Value::Member& member : value.as_object()) {
      if (properties.find(member.name) != nullptr) continue;
      if (rule.is_object()) {
        check(rule, member.value, place + "/" + member.name);
      } else if (!rule.as_boolean()) {
        problem(place + "/" + member.name, "should not be there");
      }
    }
  }

  void check_required(const Value& names, const Value& value, const std::string& place) {
    for (const Value& name : names.as_array())
      if (value.find(name.as_string()) == nullptr) problem(place + "/" + name.as_string(), "is missing");
  }

  void check_length(std::string_view name, std::int64_t limit, const std::string& text, const std::string& place) {
    const auto length = static_cast<std::int64_t>(count_code_points(text));
    if (name == "minLength" ? length < limit : length > limit) problem(place, "is too short or too long");
  }

  static bool matches(const std::string& pattern, const std::string& text) {
    static std::map<std::string, std::regex> compiled;
    const auto known = compiled.try_emplace(pattern, pattern, std::regex::ECMAScript).first;
    return text.size() < 256 && std::regex_search(text, known->second);
  }
};

std::mutex mutex;
std::vector<std::string> new_lines;  // guarded by mutex

void keep(std::string_view line) noexcept {
  const std::lock_guard lock(mutex);
  new_lines.emplace_back(line);
}

class CheckLines final : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo&) override {
    for (const std::string& problem : problems_of_new_lines())
      ADD_FAILURE() << "log line against its schema: " << problem;
  }
};

const bool installed = [] {
  telemetry::internal::line_observer = &keep;
  ::testing::UnitTest::GetInstance()->listeners().Append(new CheckLines);
  return true;
}();

}  // namespace

const Value& log_schema() {
  static const Value schema = [] {
    std::ostringstream text;
    text << std::ifstream(MARTY_LOG_SCHEMA).rdbuf();
    return Value::parse(text.str());
  }();
  return schema;
}

std::vector<std::string> problems_of_line(std::string_view line) {
  if (!line.ends_with('\n') || line.find('\n') != line.size() - 1) return {"is not one line"};
  try {
    SchemaCheck schema_check;
    schema_check.check(log_schema(), Value::parse(line.substr(0, line.size() - 1)), "");
    return std::move(schema_check.problems);
  } catch (const Error& error) {
    return {error.message()};
  }
}

std::vector<std::string> problems_of_new_lines() {
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex);
    lines.swap(new_lines);
  }
  std::vector<std::string> all;
  for (const std::string& line : lines) {
    for (const std::string& problem : problems_of_line(line)) all.push_back(problem + ": " + line);
  }
  return all;
}

}  // namespace marty::testing
