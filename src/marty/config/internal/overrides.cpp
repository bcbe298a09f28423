#include "marty/config/internal/overrides.hpp"

#include <algorithm>
#include <optional>
#include <ranges>

#include "marty/base/strings.hpp"

namespace marty::config::internal {
namespace {

constexpr std::string_view kPrefix = "MARTY_";
constexpr std::string_view kSeparator = "__";
constexpr std::string_view kAtRunTime = "set at run time";

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
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

std::string spelling_in(const Node* below, const std::string& level) {
  if (below == nullptr) return level;
  const auto found = std::ranges::find_if(below->members, [&](const auto& member) {
    std::string name = member.name;
    std::ranges::replace(name, '-', '_');
    return equals_ignore_case(name, level) || equals_ignore_case(member.name, level);
  });
  return found != below->members.end() ? found->name : level;
}

// Puts a text where the levels lead to, below `root`.
void put(Node& root, const std::vector<std::string>& levels, const Origin& origin, const std::string& text) {
  Node* at = &root;
  for (const std::string& level : levels) {
    at->kind = Node::Kind::map;
    Node* next = at->find(level);
    if (next == nullptr) next = &at->members.emplace_back(Node::Member{level, {}}).value;
    at = next;
    at->origin = origin;
  }
  at->kind = Node::Kind::scalar;
  at->loose = true;
  at->scalar = text;
}

}  // namespace

Node read_overrides(const Variables& variables, const Node& below) {
  Node root;
  root.kind = Node::Kind::map;
  for (const auto& [name, value] : variables) {
    std::vector<std::string> levels = levels_of(name);
    if (levels.empty()) continue;
    const Node* below_at = &below;
    for (std::string& level : levels) {
      level = spelling_in(below_at, level);
      below_at = below_at != nullptr ? below_at->find(level) : nullptr;
    }
    put(root, levels, {name, 0}, value);
  }
  return root;
}

Node read_settings(const Variables& settings) {
  Node root;
  root.kind = Node::Kind::map;
  for (const auto& [key, value] : settings) {
    std::vector<std::string> levels;
    for (const auto level : std::views::split(key, '.')) levels.emplace_back(std::string_view(level));
    put(root, levels, {std::string(kAtRunTime), 0}, value);
  }
  return root;
}

std::string variable_for(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) c == '.' ? name += kSeparator : name += c == '-' ? '_' : to_upper(c);
  return name;
}

}  // namespace marty::config::internal
