#include "marty/config/internal/plugin_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/config/internal/environment.hpp"
#include "marty/config/internal/merge.hpp"
#include "marty/config/internal/overrides.hpp"
#include "marty/config/internal/yaml.hpp"
#include "marty/runtime/file.hpp"

namespace marty::config::internal {
namespace {

constexpr std::string_view kDefault = "default";

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  try {
    return runtime::list_directory(directory);
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return {};
    throw;
  }
}

Node map_at(const Origin& origin) {
  Node node;
  node.kind = Node::Kind::map;
  node.origin = origin;
  return node;
}

// Reads the files one by one.
class Reader {
 public:
  Reader(std::string_view environment, std::string& problems) : environment_(environment), problems_(problems) {
    blocks_ = {kDefault};
    std::ranges::copy(kEnvironments, blocks_.begin() + 1);
  }

  void read(const std::filesystem::path& path) {
    const std::string file = path.string();
    const std::string name = path.stem().string();
    if (path.extension() == ".yml") return refuse(file, "would not be read: call it " + name + ".yaml");
    if (!is_plugin_name(name))
      return refuse(file, "is no plugin's name: it has letters and digits, with single '-' or '_' between them");
    const std::string prefix = variable_prefix(name);
    if (const auto [other, added] = prefixes_.emplace(prefix, name); !added)
      return refuse(file, "is the same as " + other->second + ".yaml to environment variables: rename one of them");
    try {
      if (auto document = parse_yaml_file(runtime::read_file(path), file)) {
        add(name, file, std::move(*document));
      } else {
        problems_ += "\n  " + document.error();
      }
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      refuse(file, error.message());
    }
  }

  PluginFiles take() {
    if (plugins_.members.empty()) return {map_at({}), {}};
    Node root = map_at({});
    root.members.push_back({std::string(kPluginSection), std::move(plugins_)});
    return {std::move(root), std::move(names_)};
  }

 private:
  void refuse(const std::string& place, const std::string& reason) { problems_ += "\n  " + place + ": " + reason; }

  void add(const std::string& name, const std::string& file, Node document) {
    for (const auto& [block, content, any_spelling] : document.members) {
      if (std::ranges::find(blocks_, block) == blocks_.end()) {
        std::string reason = "'" + block +
                             "' has no place here: at its top a plugin's file has default, development, " +
                             "testing, staging and production";
        if (const auto near = nearest(block, blocks_)) reason += "; did you mean " + std::string(*near) + "?";
        refuse(content.origin.text(), reason);
      } else if (content.kind != Node::Kind::map && content.kind != Node::Kind::null) {
        refuse(content.origin.text(), block + " must be a section of keys, not " + describe(content));
      }
    }
    Node plugin = map_at({file, 1});
    for (const std::string_view block : {kDefault, environment_}) {
      if (Node* const content = document.find(block)) merge(plugin, std::move(*content));
    }
    if (plugins_.members.empty()) plugins_ = map_at(plugin.origin);
    plugins_.members.push_back({name, std::move(plugin)});
    names_.emplace(file, name);
  }

  const std::string_view environment_;
  std::string& problems_;
  std::array<std::string_view, kEnvironments.size() + 1> blocks_;
  std::map<std::string, std::string> prefixes_;  // of variables, with the plugin's name
  std::map<std::string, std::string, std::less<>> names_;
  Node plugins_;
};

}  // namespace

PluginFiles read_plugin_files(const std::string& directory, std::string_view environment, std::string& problems) {
  Reader reader(environment, problems);
  if (directory.empty()) return reader.take();
  for (const std::string& name : names_in(directory)) {
    const std::filesystem::path path = std::filesystem::path(directory) / name;
    const bool yaml = path.extension() == ".yaml" || path.extension() == ".yml";
    if (yaml && !name.starts_with('.')) reader.read(path);
  }
  return reader.take();
}

bool is_plugin_name(std::string_view name) {
  bool after_letter = false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && (!after_letter || (c != '-' && c != '_'))) return false;
    after_letter = letter;
  }
  return after_letter;
}

std::string secret_prefix(std::string_view plugin) { return "plugins/" + std::string(plugin) + "/"; }

std::string variable_prefix(std::string_view plugin) {
  return "PLUGIN_" + variable_for(plugin).substr(std::string_view("MARTY_").size()) + "__";
}

}  // namespace marty::config::internal
