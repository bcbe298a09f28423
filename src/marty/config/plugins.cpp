#include "marty/config/plugins.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/config/internal/plugin_files.hpp"
#include "marty/config/internal/plugin_order.hpp"

namespace marty::config {
namespace {

// Those of `names` that are not in `others`, in their order.
std::vector<std::string> without(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::vector<std::string> left;
  std::ranges::copy_if(names, std::back_inserter(left),
                       [&](const std::string& name) { return std::ranges::find(others, name) == others.end(); });
  return left;
}

}  // namespace

const PluginConfig& PluginView::config() const { return plugins_->config(name_); }

Plugins::Plugins(Configuration& configuration)
    : configuration_(configuration),
      found_(configuration.derive<Found>([this](Generation& bound) { return look(bound); })) {
  configuration.declare_found([this](const Tree& loaded) {
    for (const std::string& name : loaded.plugins())
      sections_.insert_or_assign(name, configuration_.section<PluginConfig>("plugin." + name));
  });
}

void Plugins::provide(std::string name) {
  MARTY_CHECK(!configuration_.started());
  provided_.insert(std::move(name));
}

PluginView Plugins::view(std::string name) {
  MARTY_CHECK(!configuration_.started());
  if (!internal::is_plugin_name(name))
    throw Error(Code::invalid_argument,
                "\"" + name + "\" is no plugin's name: it has letters and digits, with single '-' or '_' between them");
  viewed_.insert(name);
  return PluginView(configuration_, *this, std::move(name));
}

Plugins::Found Plugins::look(Generation& bound) const {
  Found found;
  const std::string& directory = configuration_.options().plugin_directory;
  for (const std::string& name : bound.tree.plugins()) {
    const auto section = sections_.find(name);
    // Its file is new: it is not loaded before the next start, which has to like it.
    if (section == sections_.end())
      found.unloaded.push_back(std::make_unique<PluginConfig>(bound.tree.bind<PluginConfig>("plugin." + name)));
    found.all.emplace(name, section != sections_.end() ? &section->second.in(bound) : found.unloaded.back().get());
    if (provided_.contains(name))
      bound.tree.report("plugin." + name, "has the name of a part of the service: rename its file");
  }
  for (const std::string& name : viewed_) {
    if (!found.all.contains(name))
      bound.tree.report("plugin." + name, "has no file " + name + ".yaml here",
                        directory.empty() ? "no plugin directory" : directory);
  }
  for (std::string& name : internal::order_plugins(found.all, provided_, bound.tree)) {
    if (found.all.at(name)->enabled) found.enabled.push_back(std::move(name));
  }
  return found;
}

PluginChange Plugins::change(const Generation& next) const {
  static const std::vector<std::string> none;
  const std::vector<std::string>& before =
      configuration_.started() ? found_.in(configuration_.current()).enabled : none;
  const std::vector<std::string>& after = found_.in(next).enabled;
  PluginChange change{.stopped = without(before, after), .started = without(after, before)};
  std::ranges::reverse(change.stopped);
  return change;
}

void Plugins::on_change(std::string subscriber, Prepare prepare) {
  configuration_.subscribe(std::move(subscriber),
                           [this, prepare = std::move(prepare)](const Generation& next) -> Configuration::Commit {
                             const PluginChange coming = change(next);
                             return coming.stopped.empty() && coming.started.empty() ? nullptr : prepare(coming);
                           });
}

std::vector<std::string> Plugins::names() const {
  std::vector<std::string> names;
  for (const auto& [name, config] : found_->all) names.push_back(name);
  return names;
}

const std::vector<std::string>& Plugins::enabled() const { return found_->enabled; }

const PluginConfig* Plugins::find(std::string_view name) const {
  const auto found = found_->all.find(name);
  return found != found_->all.end() ? found->second : nullptr;
}

bool Plugins::is_enabled(std::string_view name) const {
  const PluginConfig* const config = find(name);
  return config != nullptr && config->enabled;
}

const PluginConfig& Plugins::config(std::string_view name) const {
  if (const PluginConfig* const config = find(name)) return *config;
  std::string message = "there is no plugin " + std::string(name);
  std::vector<std::string_view> names;
  for (const auto& [known, config] : found_->all) names.push_back(known);
  if (const auto near = nearest(name, names)) message += "; did you mean " + std::string(*near) + "?";
  throw Error(Code::not_found, std::move(message));
}

Reload Plugins::set_enabled(std::string_view name, std::optional<bool> enabled) {
  static_cast<void>(config(name));
  std::optional<std::string> value;
  if (enabled) value = *enabled ? "true" : "false";
  return configuration_.set("plugin." + std::string(name) + ".enabled", std::move(value));
}

}  // namespace marty::config
