// docs/reference/configuration.md is what the sections say of themselves; MARTY_UPDATE_GOLDEN=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "marty/json/json.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/type_of.hpp"
#include "marty/service/config.hpp"

namespace marty::service {
namespace {

using reflect::Kind;

std::string default_text(const reflect::Field& field) {
  if (field.type->kind == Kind::sequence && field.default_value == nullptr) return "`[]`";
  if (field.default_value == nullptr) return field.required ? "(required)" : "";
  std::string text;
  json::write(text, *field.type, field.default_value, json::View::response);
  const json::Value value = json::Value::parse(text);
  return "`" + (value.is_string() ? value.as_string() : text) + "`";
}

std::string meaning(const reflect::Field& field, const reflect::Type& type) {
  std::string text = field.rules != nullptr ? std::string(field.rules->description) : std::string();
  if (type.kind != Kind::enumeration) return text;
  std::string names;
  for (const auto& enumerator : type.enumeration().enumerators)
    names += (names.empty() ? "" : ", ") + std::string(enumerator.name);
  return text + (text.empty() ? "" : ": ") + names;
}

void append_rows(std::string& out, const std::string& prefix, const reflect::Type& section) {
  for (const reflect::Field& field : section.object().fields) {
    const reflect::Type& type = field.type->kind == Kind::optional ? *field.type->element : *field.type;
    const std::string key = prefix + "." + std::string(field.name);
    if (type.kind == Kind::object) {
      append_rows(out, key, type);
    } else if (type.kind == Kind::sequence && type.element->kind == Kind::object) {
      append_rows(out, key + "[]", *type.element);
    } else {
      out += "| `" + key + "` | " + default_text(field) + " | " + meaning(field, type) + " |\n";
    }
  }
}

TEST(ConfigurationReference, ListsEverySettingThatEveryServiceHas) {
  std::string text =
      "# Settings\n\nWhat every service reads, in `config/*.yaml` or as a variable (`MARTY_SERVER__HTTP_PORT`): see "
      "the [guide](../guide/configuration.md).\n\n| setting | default | meaning |\n| --- | --- | --- |\n";
  append_rows(text, "service", reflect::type_of<ServiceSection>());
  append_rows(text, "server", reflect::type_of<ServerSection>());
  append_rows(text, "security.tls", reflect::type_of<TlsSection>());
  append_rows(text, "database", reflect::type_of<DatabaseSection>());
  append_rows(text, "logging", reflect::type_of<LoggingSection>());
  append_rows(text, "telemetry", reflect::type_of<TelemetrySection>());
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(MARTY_SETTINGS_REFERENCE) << text;
  std::ostringstream expected;
  expected << std::ifstream(MARTY_SETTINGS_REFERENCE).rdbuf();
  EXPECT_EQ(text, expected.str());
}

}  // namespace
}  // namespace marty::service
