// Plugins: what is configured of the parts that extend a service. Each has a file of its own; plugins/billing.yaml is
//
//   default:                            # then blocks for environments: "production:", laid over it key by key
//     enabled: true
//     version: "1.2.0"
//     dependencies: [ledger]
//     settings: {url: "https://billing.internal", token: "${SECRET:plugins/billing/token}"}
//     database: {use_mmf_database: true, schema_prefix: billing_}
//
// and becomes the section plugin.billing, between the service's own files and the variables.
//
//   config::Configuration configuration({.plugin_directory = "plugins", ...});
//   config::Plugins plugins(configuration);
//   config::PluginView billing = plugins.view("billing");                   // all that billing gets to see
//   const config::Live<BillingSettings> settings = billing.settings<BillingSettings>();
//   plugins.on_change("loader", [&](const config::PluginChange& change) { ... return [] { ... }; });
//   configuration.start();                                                   // what is wrong with plugins is told, too
//   plugins.enabled();                                                       // in the order in which they can start
//   plugins.set_enabled("billing", false);                                   // a reload: refused where one needs it
//
// A plugin's file can say nothing outside of its section, and name no secrets and variables but its own:
// ${SECRET:plugins/billing/...} and ${PLUGIN_BILLING__...}. Whoever runs the service hands others on in base.yaml.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "marty/config/configuration.hpp"
#include "marty/json/value.hpp"

namespace marty::config {

// Of a plugin's tables.
struct PluginDatabase {
  bool use_mmf_database = false;
  std::string schema_prefix;

  static constexpr auto rules =
      marty::rules(marty::field<&PluginDatabase::use_mmf_database>.description("Keep its tables in the service's own"),
                   marty::field<&PluginDatabase::schema_prefix>.optional().description("Of the names of its tables"));
};

// The section plugin.NAME.
struct PluginConfig {
  bool enabled = true;
  std::string version;
  std::vector<std::string> dependencies;
  json::Value settings;  // as they are written, secrets as plain text; typed: PluginView::settings()
  PluginDatabase database;

  static constexpr auto rules = marty::rules(
      marty::field<&PluginConfig::enabled>.reloadable().description("Off: it is not started"),
      marty::field<&PluginConfig::version>.optional().description("Of the plugin that the file is written for"),
      marty::field<&PluginConfig::dependencies>.optional().unique().description("Plugins that must be started before"),
      marty::field<&PluginConfig::settings>.optional().reloadable().description("What the plugin itself defines"),
      marty::field<&PluginConfig::database>.description("How it uses the service's database"));
};

// What a new generation means for plugins.
struct PluginChange {
  std::vector<std::string> stopped;  // in this order: whoever needs another goes first
  std::vector<std::string> started;  // in this order: whatever is needed comes first
};

class Plugins;

// One plugin's share of the configuration: its own section, and no way to another. A small value; REQUIRES that its
// Plugins live.
class PluginView {
 public:
  const std::string& name() const noexcept { return name_; }
  // Its section. Where it has no file, start() says so. After start().
  const PluginConfig& config() const;
  // Its settings as a T; a key that T does not know is an error. They change at run time, all or by T's rules.
  // Before start().
  template <class T>
  Live<T> settings(Changes changes = Changes::at_run_time) {
    return configuration_->section<T>("plugin." + name_ + ".settings", changes);
  }

 private:
  friend class Plugins;
  PluginView(Configuration& configuration, const Plugins& plugins, std::string name)
      : configuration_(&configuration), plugins_(&plugins), name_(std::move(name)) {}

  Configuration* configuration_;
  const Plugins* plugins_;
  std::string name_;
};

// See above. Declared by one thread before start(), then used on fibers: what they see is that of their generation, and
// a reference is good until the fiber next waits. The configuration must outlive it, and not reload after it.
class Plugins {
 public:
  using Prepare = std::function<Configuration::Commit(const PluginChange& change)>;

  explicit Plugins(Configuration& configuration);
  Plugins(const Plugins&) = delete;
  Plugins& operator=(const Plugins&) = delete;

  // Before start(). A part of the service itself, which plugins may name as a dependency: it is always there.
  void provide(std::string name);
  // Before start(). Throws Error(invalid_argument) for what cannot be a plugin's name.
  PluginView view(std::string name);
  // Before start(). As Configuration::subscribe(), where plugins come or go; at start() all that are enabled come.
  void on_change(std::string subscriber, Prepare prepare);

  std::vector<std::string> names() const;  // of all, in alphabetical order
  // In alphabetical order, but each after those that it depends on.
  const std::vector<std::string>& enabled() const;
  bool is_enabled(std::string_view name) const;
  const PluginConfig& config(std::string_view name) const;  // throws Error(not_found)

  // Enables or disables a plugin, whatever its file says; nothing: as its file says again. Throws Error(not_found), and
  // what reload() throws: so where an enabled plugin depends on one that would not be.
  Reload set_enabled(std::string_view name, std::optional<bool> enabled);

 private:
  // Of one generation.
  struct Found {
    std::map<std::string, const PluginConfig*, std::less<>> all;
    std::vector<std::string> enabled;
    std::vector<std::unique_ptr<PluginConfig>> unloaded;
  };
  Found look(Generation& bound) const;
  const PluginConfig* find(std::string_view name) const;
  PluginChange change(const Generation& next) const;

  Configuration& configuration_;
  Live<Found> found_;
  std::map<std::string, Live<PluginConfig>> sections_;
  std::set<std::string, std::less<>> provided_;
  std::set<std::string, std::less<>> viewed_;
};

}  // namespace marty::config
