// PROGRAM config validate, show, explain, schema.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/json/json.hpp"
#include "marty/runtime/file.hpp"
#include "marty/service/config_templates.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

// Columns as wide as their longest text; the last one ends where it ends.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], count_code_points(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - count_code_points(row[i]) + 2, ' ');
    }
    print(line);
  }
}

// A setting as programs read it.
struct ExactSetting {
  std::string key;
  json::Value value;
  std::string origin;
  bool reloadable = false;
};

struct Validation {
  bool valid;
  std::string environment;
  std::vector<config::Problem> problems;
  std::vector<std::string> warnings;
};

std::string suggestion(const std::vector<config::Setting>& settings, const std::string& key) {
  std::vector<std::string_view> keys;
  for (const config::Setting& setting : settings) keys.push_back(setting.key);
  const auto near = nearest(key, keys);
  return near ? "; did you mean " + std::string(*near) + "?" : "";
}

void show(const config::Tree& tree, bool json) {
  const std::vector<config::Setting> settings = tree.settings();
  if (json) {
    std::vector<ExactSetting> exact;
    for (const config::Setting& each : settings) exact.push_back({each.key, each.exact, each.origin, each.reloadable});
    return print(json::to_string(exact));
  }
  std::vector<std::vector<std::string>> rows;
  for (const config::Setting& each : settings)
    rows.push_back({each.key, each.value, each.origin + (each.reloadable ? " (changes at run time)" : "")});
  print_table(rows);
}

void explain(const config::Tree& tree, const std::string& key, bool json) {
  std::vector<config::Layer> layers = tree.explain(key);
  const std::vector<config::Setting> settings = tree.settings();
  const auto known = std::ranges::find(settings, key, &config::Setting::key);
  if (known == settings.end() && layers.empty())
    throw Error(Code::not_found, "there is no setting " + key + suggestion(settings, key));
  if (json) {
    std::vector<config::ExactLayer> exact = tree.explain_exactly(key);
    if (exact.empty()) exact.push_back({known->origin, known->exact});
    return print(json::to_string(exact));
  }
  if (layers.empty()) layers.push_back({known->origin, known->value});
  std::vector<std::vector<std::string>> rows;
  for (const config::Layer& layer : layers)
    rows.push_back({&layer == &layers.back() ? "*" : " ", layer.origin, layer.value});
  print_table(rows);
}

// False: something is wrong.
bool validate(config::Tree& tree, bool json) {
  Validation result{.valid = false, .environment = tree.environment(), .problems = tree.problems(), .warnings = {}};
  result.valid = result.problems.empty();
  result.warnings = tree.warnings();  // complete once all problems are found
  if (json) return print(json::to_string(result)), result.valid;
  for (const std::string& warning : result.warnings) print("warning: " + warning);
  try {
    tree.finish();
    print("the configuration is valid (" + result.environment + ")");
  } catch (const Error& error) {
    print(error.message());
  }
  return result.valid;
}

}  // namespace

void Service::State::init_configuration(const service::CommandLine& line) const {
  const std::vector<service::TemplateFile> files = service::config_template(line.config_template, name);
  for (const service::TemplateFile& file : files) {
    if (std::filesystem::exists(path_of(file.path)))
      throw Error(Code::already_exists, path_of(file.path) + " is there already: nothing was written");
  }
  std::filesystem::create_directories(path_of("config"));
  for (const service::TemplateFile& file : files) {
    runtime::write_file(path_of(file.path), file.text);
    print("wrote " + path_of(file.path));
  }
}

int Service::State::inspect_configuration(const service::CommandLine& line) {
  using Command = service::CommandLine::Command;
  declare_sections();
  config::Tree tree = line.command == Command::config_validate ? configuration.verify() : configuration.inspect();
  switch (line.command) {
    case Command::config_schema:
      return print(tree.schema().to_string()), 0;
    case Command::config_show:
      return show(tree, line.json), 0;
    case Command::config_explain:
      return explain(tree, line.key, line.json), 0;
    default:
      return validate(tree, line.json) ? 0 : 1;
  }
}

}  // namespace marty
