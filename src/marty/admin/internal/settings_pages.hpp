// How the service is configured, and from which level on it logs.
#pragma once

#include <string>
#include <vector>

#include "marty/admin/admin.hpp"

namespace marty::admin::internal {

struct SettingFacts {
  std::string key;
  std::string value;  // "(not shown)" where it is confidential
  std::string origin;
  bool reloadable = false;
  std::vector<config::Layer> replaced;  // what layers below say, the lowest first
};
struct Settings {
  std::string service;
  std::string environment;
  std::uint64_t generation = 0;
  std::vector<std::string> warnings;
  std::vector<SettingFacts> settings;
};
Settings settings(const Subject& subject);
std::string to_html(const Settings& settings);

struct LoggerLevel {
  std::string logger;
  telemetry::Level level;
};
struct Levels {
  std::string service;
  telemetry::Level level;
  std::vector<LoggerLevel> loggers;
};
Levels levels(const Subject& subject);
std::string to_html(const Levels& levels);

// What the form sends. Without a logger it is about those that have no level of their own.
struct LevelChange {
  std::optional<std::string> logger;
  telemetry::Level level = telemetry::Level::info;

  static constexpr auto rules = marty::rules(field<&LevelChange::logger>.pattern("^[A-Za-z0-9_.-]{0,100}$"));
};
// Throws resource_exhausted where too many loggers have one already.
void change_level(telemetry::Logging& logging, const LevelChange& change);

}  // namespace marty::admin::internal
