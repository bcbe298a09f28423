// TreeState: what is behind Tree – the merged layers, what was asked for, and what was found wrong.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "marty/config/config.hpp"
#include "marty/config/internal/binder.hpp"
#include "marty/config/internal/node.hpp"

namespace marty::config::internal {

class TreeState {
 public:
  // `plugins`: their names, by their file.
  using PluginNames = std::map<std::string, std::string, std::less<>>;

  TreeState(Node root, std::string environment, std::string directory, Variables variables, PluginNames plugins = {});

  void use_secrets(FindSecret find_secret) { find_secret_ = std::move(find_secret); }
  bool bind(const reflect::Type& type, void* object, std::string_view section, Changes changes);
  std::string text(std::string_view key);
  TreeState unbound() const;
  std::vector<std::string> keep(const reflect::Type& type, std::string_view section, Changes changes,
                                const TreeState& before);
  std::vector<std::string> keep_plugins(const TreeState& before);
  void report(std::string_view key, std::string message, std::string_view origin);
  bool has_problem(std::string_view key) const;
  // All that is wrong, in order.
  const std::vector<BindingProblem>& check();
  std::string line(const BindingProblem& problem) const;

  const Node& root() const { return root_; }
  const Node* find(std::string_view key) const;
  const std::string& environment() const { return environment_; }
  std::vector<std::string> plugins() const;
  const std::vector<std::string>& warnings() const { return warnings_; }

  // A section that was bound.
  struct Section {
    const reflect::Type* type;
    Changes changes;
  };
  const std::map<std::string, Section, std::less<>>& sections() const { return sections_; }
  // Whether its value must not be shown, by its type, or where that does not tell by its name.
  bool hides(std::string_view key) const;

 private:
  void expand_references(Node& node, const std::string& key);
  Settling settling();
  Node* enter(std::string_view key);
  const Node* find_item(std::string_view key) const;
  void learn_keys(const reflect::Type& type, const std::string& section, int depth);
  void warn_of_near_settings();
  void forgive_sections();
  void report_unused(const Node& node, const std::string& key);

  Node root_;
  std::string environment_;
  std::string directory_;  // empty: there are no files
  Variables environment_variables_;
  PluginNames plugins_;
  FindSecret find_secret_;
  std::map<std::string, Section, std::less<>> sections_;
  std::set<std::string, std::less<>> hidden_keys_;  // secrets, and what they are in
  std::set<std::string, std::less<>> open_keys_;    // numbers, units, enumerations: no secrets, whatever their name
  std::vector<std::string> near_settings_;          // variables that begin with MARTY_ but set nothing
  std::map<std::string, std::string> variables_;    // of all keys that are bound, by their name with "_" for "__"
  std::vector<BindingProblem> problems_;
  std::vector<std::string> warnings_;
  bool checked_ = false;
};

}  // namespace marty::config::internal
