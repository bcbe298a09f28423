#include "marty/config/internal/loose.hpp"

#include "marty/config/internal/yaml.hpp"

namespace marty::config::internal {
namespace {

using reflect::Kind;

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// Everything in it comes from where the text came from.
void set_origin(Node& node, const Node& from) {
  node.origin = from.origin;
  node.loose = true;
  node.hidden = from.hidden || from.secret != nullptr;
  for (Node& item : node.items) set_origin(item, from);
  for (auto& [key, member] : node.members) set_origin(member, from);
}

Node split(const Node& node) {
  Node list;
  list.kind = Node::Kind::sequence;
  std::string_view rest = trim(node.text());
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    Node item;
    item.kind = Node::Kind::scalar;
    item.scalar = trim(rest.substr(0, comma));
    list.items.push_back(std::move(item));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return list;
}

// What a variable or an optional holds is decided by what is in it.
bool wants(const reflect::Type& type, Kind kind) {
  if (type.kind == Kind::optional) return wants(*type.element, kind);
  return type.kind == kind;
}

}  // namespace

std::optional<Node> parse_loose(const Node& node, const reflect::Type& type, std::string& problem) {
  const std::string_view text = trim(node.text());
  std::optional<Node> result;
  if (text.starts_with('[') || text.starts_with('{')) {
    auto parsed = parse_yaml(text, node.origin.source);
    if (!parsed) {
      problem = "must be a list or section in YAML";
      if (node.secret == nullptr) problem += ": " + parsed.error();
      return std::nullopt;
    }
    result = std::move(*parsed);
  } else if (wants(type, Kind::sequence)) {
    result = split(node);
  } else {
    return std::nullopt;
  }
  set_origin(*result, node);
  return result;
}

}  // namespace marty::config::internal
