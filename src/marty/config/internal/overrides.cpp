#include "marty/config/internal/overrides.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/config/internal/merge.hpp"

namespace marty::config::internal {
namespace {

constexpr std::string_view kPrefix = "MARTY_";
constexpr std::string_view kSeparator = "__";
constexpr std::string_view kAtRunTime = "set at run time";

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

// The levels of MARTY_A__B, or nothing for a variable that is no setting.
std::vector<std::string> levels_of(std::string_view name) {
  std::vector<std::string> levels;
  if (!name.starts_with(kPrefix) || name.find(kSeparator, kPrefix.size()) == std::string_view::npos) return levels;
  name.remove_prefix(kPrefix.size());
  while (true) {
    const std::size_t end = std::min(name.find(kSeparator), name.size());
    std::string& level = levels.emplace_back(name.substr(0, end));
    std::ranges::transform(level, level.begin(), to_lower);
    if (end == name.size()) return levels;
    name.remove_prefix(end + kSeparator.size());
  }
}

// A text of a variable, or one that was set at run time.
struct Override {
  std::vector<std::string> levels;
  Origin origin;
  std::string text;
};

// The text where the levels lead to, in sections that hold nothing else.
Node nested(const Override& override, bool any_spelling) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.loose = true;
  node.origin = override.origin;
  node.scalar = override.text;
  for (const std::string& level : std::views::reverse(override.levels)) {
    Node section;
    section.kind = Node::Kind::map;
    section.origin = override.origin;
    section.members.push_back({level, std::move(node), any_spelling});
    node = std::move(section);
  }
  return node;
}

// A member of a section wins over the section, whatever their names say of their order.
Node layer_of(std::vector<Override> overrides, bool any_spelling) {
  std::ranges::stable_sort(overrides, {}, [](const Override& each) { return each.levels.size(); });
  Node root;
  root.kind = Node::Kind::map;
  for (const Override& override : overrides) merge(root, nested(override, any_spelling));
  return root;
}

}  // namespace

Node read_overrides(const Variables& variables) {
  std::vector<Override> overrides;
  for (const auto& [name, value] : variables) {
    std::vector<std::string> levels = levels_of(name);
    if (!levels.empty()) overrides.push_back({std::move(levels), {name, 0}, value});
  }
  return layer_of(std::move(overrides), true);
}

Node read_settings(const Variables& settings) {
  std::vector<Override> overrides;
  for (const auto& [key, value] : settings) {
    std::vector<std::string> levels;
    for (const auto level : std::views::split(key, '.')) levels.emplace_back(std::string_view(level));
    overrides.push_back({std::move(levels), {std::string(kAtRunTime), 0}, value});
  }
  return layer_of(std::move(overrides), false);
}

std::string variable_for(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) c == '.' ? name += kSeparator : name += c == '-' ? '_' : to_upper(c);
  return name;
}

}  // namespace marty::config::internal
