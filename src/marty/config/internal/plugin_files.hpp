// The layer of the plugins' files: plugins/billing.yaml says what stands below plugin.billing.
//
// At its top a file has `default` and blocks named like the environments; the block of the current one is laid over
// `default`. So a file has no way to say anything outside of its plugin.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "marty/config/internal/node.hpp"

namespace marty::config::internal {

inline constexpr std::string_view kPluginSection = "plugin";

struct PluginFiles {
  Node layer;
  std::map<std::string, std::string, std::less<>> names;  // of the plugins, by their file
};

// What is wrong goes to `problems`, a line each. Files beginning with a dot are no plugins; neither is what ends
// otherwise than in .yaml.
PluginFiles read_plugin_files(const std::string& directory, std::string_view environment, std::string& problems);

// Letters and digits, with single '-' or '_' between them: so that a variable's name can be cut into its levels.
bool is_plugin_name(std::string_view name);

// What a plugin's own file may refer to. Whoever runs the service hands other things on in base.yaml or a variable.
std::string secret_prefix(std::string_view plugin);    // plugins/billing/
std::string variable_prefix(std::string_view plugin);  // PLUGIN_BILLING__

}  // namespace marty::config::internal
