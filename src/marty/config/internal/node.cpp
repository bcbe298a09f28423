#include "marty/config/internal/node.hpp"

#include <algorithm>

namespace marty::config::internal {
namespace {

constexpr std::size_t kMaxDescription = 80;

void append(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "nothing";
      break;
    case Node::Kind::scalar:
      out += node.quoted ? '"' + node.scalar + '"' : node.scalar.empty() ? "\"\"" : node.scalar;
      break;
    case Node::Kind::sequence:
      out += '[';
      for (const Node& item : node.items) {
        if (&item != &node.items.front()) out += ", ";
        if (out.size() > kMaxDescription) break;
        append(out, item);
      }
      out += ']';
      break;
    case Node::Kind::map:
      out += '{';
      for (const auto& [key, value] : node.members) {
        if (&key != &node.members.front().first) out += ", ";
        if (out.size() > kMaxDescription) break;
        out += key + ": ";
        append(out, value);
      }
      out += '}';
      break;
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &std::pair<std::string, Node>::first);
  return found == members.end() ? nullptr : &found->second;
}

void merge(Node& base, Node layer) {
  if (base.kind == Node::Kind::map && layer.kind == Node::Kind::null) return;
  if (base.kind != Node::Kind::map || layer.kind != Node::Kind::map) {
    std::vector<Overridden> history = std::move(base.history);
    history.push_back({std::move(base.origin), describe(base)});
    base = std::move(layer);
    base.history = std::move(history);
    return;
  }
  for (auto& [key, value] : layer.members) {
    if (Node* const known = base.find(key)) {
      merge(*known, std::move(value));
    } else {
      base.members.emplace_back(key, std::move(value));
    }
  }
}

std::string describe(const Node& node) {
  std::string text;
  append(text, node);
  std::ranges::replace(text, '\n', ' ');
  if (text.size() > kMaxDescription) text = text.substr(0, kMaxDescription) + "...";
  return text;
}

}  // namespace marty::config::internal
