// docs/reference/configuration.md is what the sections say of themselves; MARTY_UPDATE_GOLDEN=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "marty/config/config.hpp"
#include "marty/json/json.hpp"
#include "marty/secrets/local_stores.hpp"
#include "marty/service/config.hpp"
#include "marty/service/internal/settings_table.hpp"
#include "marty/service/secret_stores.hpp"

namespace marty::service {
namespace {

using internal::append_rows;

std::string read_reference() {
  std::ostringstream text;
  text << std::ifstream(MARTY_SETTINGS_REFERENCE).rdbuf();
  return text.str();
}

// Calls `visit` with the path of every section that every service has, and one that nobody has configured.
template <class Visit>
void for_each_section(Visit visit) {
  visit("service", ServiceSection());
  visit("server", ServerSection());
  visit("security.tls", TlsSection());
  visit("database", DatabaseSection());
  visit("logging", LoggingSection());
  visit("telemetry", TelemetrySection());
  visit("admin", AdminSection());
  visit("configuration", ConfigurationSection());
  visit("secrets", SecretsSection());
  visit("secrets.environment", secrets::EnvironmentOptions());
  visit("secrets.file", secrets::FileOptions());
  visit("secrets.memory", secrets::MemoryOptions());
}

TEST(ConfigurationReference, lists_every_setting_that_every_service_has) {
  std::string text =
      "# Settings\n\nWhat every service reads, in `config/*.yaml` or as a variable (`MARTY_SERVER__HTTP_PORT`): see "
      "the [guide](../guide/configuration.md). Those of the stores that are drivers stand in "
      "[secrets](secrets.md).\n\n| setting | default | meaning |\n| --- | --- | --- |\n";
  for_each_section(
      [&]<class Section>(const char* path, const Section&) { append_rows(text, path, reflect::type_of<Section>()); });
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(MARTY_SETTINGS_REFERENCE) << text;
  EXPECT_EQ(text, read_reference());
}

using Defaults = std::map<std::string, std::string>;

std::string plain(const json::Value& value) { return value.is_string() ? value.as_string() : value.to_string(); }

// What the page says, where it gives a value.
Defaults documented() {
  Defaults defaults;
  std::istringstream lines(read_reference());
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kStart = "| `", kMiddle = "` | `", kEnd = "` | ";
    const std::size_t middle = line.find(kMiddle), end = line.find(kEnd, middle + kMiddle.size());
    if (!line.starts_with(kStart) || middle == line.npos || end == line.npos) continue;
    defaults[line.substr(kStart.size(), middle - kStart.size())] =
        line.substr(middle + kMiddle.size(), end - middle - kMiddle.size());
  }
  return defaults;
}

// Whatever stands in an object, and in the objects in it.
void add_members(Defaults& defaults, const std::string& path, const json::Value& value) {
  for (const auto& [name, member] : value.as_object()) {
    const std::string key = path + "." + name;
    if (member.is_object() && member.size() != 0)
      add_members(defaults, key, member);
    else if (!member.is_null())
      defaults[key] = plain(member);
  }
}

// What the sections are like that nobody has configured.
Defaults constructed() {
  Defaults defaults;
  const auto add = [&]<class Section>(const char* path, const Section& section) {
    std::string text;
    json::write(text, reflect::type_of<Section>(), &section, json::View::response);
    add_members(defaults, path, json::Value::parse(text));
  };
  for_each_section(add);
  add("security.tls.certificates[]", CertificateSection());
  add("telemetry.tracing.routes[]", RouteSampling());
  add("telemetry.slos[]", SloSection());
  return defaults;
}

// What the JSON Schema of the files says.
void add_properties(Defaults& defaults, const std::string& path, const json::Value& root, const json::Value& at) {
  if (const json::Value* const reference = at.find("$ref"))
    add_properties(defaults, path, root, root.at(reference->as_string().substr(1)));
  if (const json::Value* const items = at.find("items")) add_properties(defaults, path + "[]", root, *items);
  if (const json::Value* const value = at.find("default"); value != nullptr && !value->is_object())
    defaults[path] = plain(*value);
  if (const json::Value* const properties = at.find("properties")) {
    for (const auto& [name, property] : properties->as_object())
      add_properties(defaults, path.empty() ? name : path + "." + name, root, property);
  }
}

Defaults promised() {
  config::Tree tree = config::parse("");
  for_each_section(
      [&]<class Section>(const char* path, const Section&) { static_cast<void>(tree.bind<Section>(path)); });
  const json::Value schema = tree.schema();
  Defaults defaults;
  add_properties(defaults, "", schema, schema);
  return defaults;
}

// What `config show` gives.
Defaults shown() {
  config::Tree tree = config::parse("");
  for_each_section(
      [&]<class Section>(const char* path, const Section&) { static_cast<void>(tree.bind<Section>(path)); });
  Defaults defaults;
  for (const config::Setting& setting : tree.settings()) {
    if (!setting.value.empty()) defaults[setting.key] = setting.value;
  }
  return defaults;
}

TEST(ConfigurationReference, has_the_defaults_of_the_code_of_the_schema_and_of_what_a_service_shows) {
  const Defaults page = documented(), code = constructed(), schema = promised(), show = shown();
  EXPECT_GT(page.size(), 60u);
  for (const auto& [key, text] : page) {
    const auto in = [&](const Defaults& defaults) {
      const auto found = defaults.find(key);
      return found == defaults.end() ? "(nothing)" : found->second;
    };
    const auto agrees = [&, &wanted = text](const Defaults& defaults) {
      return wanted == "[]" && !defaults.contains(key) ? wanted : in(defaults);  // most do not mention an empty list
    };
    EXPECT_EQ(agrees(code), text) << key << " in the code";
    EXPECT_EQ(agrees(schema), text) << key << " in the schema";
    if (!key.contains("[]")) {
      EXPECT_EQ(agrees(show), text) << key << " as it is shown";
    }
  }
  // And the page leaves none out, but what counts as nothing: of a field that may be left out, zero, too.
  for (const auto& [key, text] : code) {
    if (!text.empty() && text != "[]" && text != "{}" && text != "0s") {
      EXPECT_TRUE(page.contains(key)) << key << " is " << text;
    }
  }
}

}  // namespace
}  // namespace marty::service
