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
  TreeState(Node root, std::string environment, std::string directory, const Variables& variables);

  void bind(const reflect::Type& type, void* object, std::string_view section);
  void finish();
  const Node* find(std::string_view key) const;

  const std::string& environment() const { return environment_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void expand_references(Node& node, const std::string& key, const Variables& variables);
  void learn_keys(const reflect::Type& type, const std::string& section, int depth);
  void warn_of_near_settings();
  void forgive_sections();
  void report_unused(const Node& node, const std::string& key);
  std::string line(const Problem& problem) const;

  Node root_;
  std::string environment_;
  std::string directory_;  // empty: there are no files
  std::set<std::string, std::less<>> sections_;
  std::vector<std::string> near_settings_;        // variables that begin with MARTY_ but set nothing
  std::map<std::string, std::string> variables_;  // of all keys that are bound, by their name with "_" for "__"
  std::vector<Problem> problems_;
  std::vector<std::string> warnings_;
};

}  // namespace marty::config::internal
