#include "marty/config/internal/overrides.hpp"

#include <algorithm>
#include <optional>

#include "marty/base/strings.hpp"

namespace marty::config::internal {
namespace {

constexpr std::string_view kPrefix = "MARTY_";
constexpr std::string_view kSeparator = "__";

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
  const auto found =
      std::ranges::find_if(below->members, [&](const auto& member) { return equals_ignore_case(member.name, level); });
  return found != below->members.end() ? found->name : level;
}

}  // namespace

Node read_overrides(const Variables& variables, const Node& below) {
  Node root;
  root.kind = Node::Kind::map;
  for (const auto& [name, value] : variables) {
    const std::vector<std::string> levels = levels_of(name);
    if (levels.empty()) continue;
    Node* at = &root;
    const Node* below_at = &below;
    for (const std::string& level : levels) {
      const std::string key = spelling_in(below_at, level);
      below_at = below_at != nullptr ? below_at->find(key) : nullptr;
      Node* next = at->find(key);
      if (next == nullptr) next = &at->members.emplace_back(Node::Member{key, {}}).value;
      at->kind = Node::Kind::map;
      at = next;
      at->origin = {name, 0};
    }
    at->kind = Node::Kind::scalar;
    at->loose = true;
    at->scalar = value;
  }
  return root;
}

std::string variable_for(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) c == '.' ? name += kSeparator : name += to_upper(c);
  return name;
}

}  // namespace marty::config::internal
