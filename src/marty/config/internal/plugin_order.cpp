#include "marty/config/internal/plugin_order.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "marty/base/strings.hpp"

namespace marty::config::internal {
namespace {

// Goes through the plugins depth first.
class Order {
 public:
  Order(const PluginConfigs& plugins, const Names& provided, Tree& tree)
      : plugins_(plugins), provided_(provided), tree_(tree) {}

  std::vector<std::string> take() {
    for (const auto& [name, plugin] : plugins_) visit(name, *plugin);
    return std::move(order_);
  }

 private:
  void visit(const std::string& name, const PluginConfig& plugin) {
    if (!seen_.insert(name).second) return;
    path_.push_back(name);
    std::map<std::string_view, std::string> dependencies;  // by name, with their key
    for (std::size_t i = 0; i < plugin.dependencies.size(); ++i)
      dependencies.emplace(plugin.dependencies[i], "plugin." + name + ".dependencies[" + std::to_string(i) + "]");
    for (const auto& [needed, key] : dependencies) depend(plugin, needed, key);
    path_.pop_back();
    order_.push_back(name);
  }

  void depend(const PluginConfig& plugin, std::string_view needed, const std::string& key) {
    const auto found = plugins_.find(needed);
    if (found == plugins_.end()) {
      if (!provided_.contains(needed)) report_missing(needed, key);
      return;
    }
    if (plugin.enabled && !found->second->enabled) report_disabled(needed, key);
    const auto on_path = std::ranges::find(path_, needed);
    if (on_path != path_.end()) {
      std::string chain;
      for (auto at = on_path; at != path_.end(); ++at) chain += *at + " needs ";
      tree_.report(key, "closes a circle: " + chain + std::string(needed));
      return;
    }
    visit(found->first, *found->second);
  }

  void report_missing(std::string_view needed, const std::string& key) {
    std::vector<std::string_view> names(provided_.begin(), provided_.end());
    for (const auto& [name, plugin] : plugins_) names.push_back(name);
    std::string message = "names no plugin: there is no " + std::string(needed);
    if (const auto near = nearest(needed, names)) message += "; did you mean " + std::string(*near) + "?";
    tree_.report(key, std::move(message));
  }

  void report_disabled(std::string_view needed, const std::string& key) {
    const std::string switched = "plugin." + std::string(needed) + ".enabled";
    const std::vector<Layer> layers = tree_.explain(switched);
    std::string message = "needs " + std::string(needed) + ", which is disabled";
    if (!layers.empty()) message += " (" + layers.back().origin + ")";
    tree_.report(key, std::move(message));
  }

  const PluginConfigs& plugins_;
  const Names& provided_;
  Tree& tree_;
  Names seen_;
  std::vector<std::string> path_;  // from a plugin to what it needs, and what that needs
  std::vector<std::string> order_;
};

}  // namespace

std::vector<std::string> order_plugins(const PluginConfigs& plugins, const Names& provided, Tree& tree) {
  return Order(plugins, provided, tree).take();
}

}  // namespace marty::config::internal
