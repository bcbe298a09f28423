// The order of plugins: in alphabetical order, but each after those that it depends on.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "marty/config/plugins.hpp"

namespace marty::config::internal {

using PluginConfigs = std::map<std::string, const PluginConfig*, std::less<>>;
using Names = std::set<std::string, std::less<>>;

// All of them. What is wrong goes to `tree`: a dependency that is nowhere or not enabled, and cycles. A dependency in
// `provided` is always there.
std::vector<std::string> order_plugins(const PluginConfigs& plugins, const Names& provided, Tree& tree);

}  // namespace marty::config::internal
