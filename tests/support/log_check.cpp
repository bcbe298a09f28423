#include "support/log_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/telemetry/internal/line_observer.hpp"

namespace marty::testing {
namespace {

using json::Value;

// Regular expressions of literals and classes, each once, n times ({n}) or any times (+): what the schema has. Needs
// next to no stack, where std::regex needs a lot of a fiber's.
class Pattern {
 public:
  // REQUIRES '^' and '$' around it.
  explicit Pattern(std::string_view pattern) : rest_(pattern.substr(1, pattern.size() - 2)) {}

  bool matches(std::string_view text) {
    while (!rest_.empty()) {
      const std::string_view one = take_class();
      std::size_t least = 1, most = 1;
      if (rest_.starts_with('+')) {
        most = text.size();
        rest_.remove_prefix(1);
      } else if (rest_.starts_with('{')) {
        const std::size_t end = rest_.find('}');
        least = most = std::stoul(std::string(rest_.substr(1, end - 1)));
        rest_.remove_prefix(end + 1);
      }
      std::size_t count = 0;
      while (count < most && count < text.size() && in_class(one, text[count])) ++count;
      if (count < least) return false;
      text.remove_prefix(count);
    }
    return text.empty();
  }

 private:
  std::string_view take_class() {
    const std::size_t size = rest_.starts_with('[') ? rest_.find(']') + 1 : 1;
    const std::string_view one = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return one;
  }
  static bool in_class(std::string_view one, char c) {
    if (one.size() == 1) return one[0] == c;
    one = one.substr(1, one.size() - 2);
    const bool negated = one.starts_with('^');
    if (negated) one.remove_prefix(1);
    bool found = false;
    for (std::size_t at = 0; at < one.size(); ++at) {
      const bool range = at + 2 < one.size() && one[at + 1] == '-';
      found = found || (range ? c >= one[at] && c <= one[at + 2] : c == one[at]);
      if (range) at += 2;
    }
    return found != negated;
  }

  std::string_view rest_;
};

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
      if (value.is_string() && !Pattern(rule.as_string()).matches(value.as_string()))
        problem(place, "has another form");
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
};

std::mutex mutex;
std::vector<std::string> problems_so_far;  // guarded by mutex

// At once, on whichever fiber it is: a test may write any number of lines, and count what memory it needs.
void check_line(std::string_view line) noexcept {
  for (const std::string& problem : problems_of_line(line)) {
    const std::lock_guard lock(mutex);
    problems_so_far.push_back(problem + ": " + std::string(line));
  }
}

class CheckLines final : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo&) override {
    for (const std::string& problem : problems_of_new_lines())
      ADD_FAILURE() << "log line against its schema: " << problem;
  }
};

const bool installed = [] {
  telemetry::internal::line_observer = &check_line;
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
  const std::lock_guard lock(mutex);
  return std::exchange(problems_so_far, {});
}

}  // namespace marty::testing
