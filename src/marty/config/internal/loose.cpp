#include "marty/config/internal/loose.hpp"

#include <algorithm>
#include <utility>

#include "marty/config/internal/yaml.hpp"

namespace marty::config::internal {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// Everything in it comes from where the text came from, and is a secret where that is one.
void adopt(Node& node, const Node& text) {
  node.origin = text.origin;
  node.loose = node.expanded = true;
  node.used = text.used;
  node.hidden = text.hidden || text.secret != nullptr;
  if (text.secret != nullptr && node.kind == Node::Kind::scalar) {
    node.secret = std::make_shared<const Secret>(Secret::take(node.scalar));
    node.scalar = text.scalar;
  }
  for (Node& item : node.items) adopt(item, text);
  for (Node::Member& member : node.members) adopt(member.value, text);
}

// Calls back with each of the texts between commas.
template <class Each>
void split(std::string_view rest, Each&& each) {
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    each(trim(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
}

bool has_quoted_item(std::string_view text) {
  bool quoted = false;
  split(text, [&](std::string_view item) { quoted |= item.starts_with('"') || item.starts_with('\''); });
  return quoted;
}

Node plain_list(std::string_view text) {
  Node list;
  list.kind = Node::Kind::sequence;
  split(text, [&](std::string_view item) {
    Node& added = list.items.emplace_back();
    added.kind = Node::Kind::scalar;
    added.scalar = item;
  });
  return list;
}

}  // namespace

bool begins_as_section(std::string_view text) { return trim(text).starts_with('{'); }

std::string read_loose(Node& node, Form form) {
  std::string text(trim(node.text()));
  const bool braces = text.starts_with('[') || text.starts_with('{');
  if (!braces && form != Form::list) return {};
  const bool quoted = !braces && has_quoted_item(text);
  Node result;
  if (braces || quoted) {
    auto parsed = parse_yaml(quoted ? "[" + text + "]" : text, node.origin.source);
    const std::string reason = parsed ? "" : parsed.error();
    const bool is_silent = node.secret != nullptr || is_confidential(text);  // the reason may name what it met
    if (node.secret != nullptr) clear(text);
    if (!parsed) return "must be a list or section in YAML" + (is_silent ? std::string() : ": " + reason);
    result = std::move(*parsed);
  } else {
    result = plain_list(text);
    if (node.secret != nullptr) clear(text);
  }
  adopt(result, node);
  result.history = std::move(node.history);
  node = std::move(result);
  return {};
}

}  // namespace marty::config::internal
