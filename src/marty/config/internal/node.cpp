#include "marty/config/internal/node.hpp"

#include <algorithm>
#include <array>

namespace marty::config::internal {
namespace {

constexpr std::size_t kMaxDescription = 80;
constexpr std::string_view kHidden = "(not shown)";

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// scheme://user:password@host -> scheme://user:(not shown)@host
std::string without_password(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  const std::size_t at = text.rfind('@', text.find('/', begin));
  const std::size_t colon = text.find(':', begin);
  if (at == std::string::npos || colon >= at) return text;
  return text.replace(colon + 1, at - colon - 1, kHidden);
}

void append(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "nothing";
      break;
    case Node::Kind::scalar:
      out += node.quoted || node.scalar.empty() ? '"' + without_password(node.scalar) + '"'
                                                : without_password(node.scalar);
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
        if (&key != &node.members.front().name) out += ", ";
        if (out.size() > kMaxDescription) break;
        out += key + ": ";
        is_confidential(key) ? void(out += kHidden) : append(out, value);
      }
      out += '}';
      break;
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::name);
  return found == members.end() ? nullptr : &found->value;
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
      base.members.push_back({key, std::move(value)});
    }
  }
}

bool is_confidential(std::string_view name) {
  constexpr std::array<std::string_view, 10> kWords = {"password",   "passwd",     "passphrase", "secret",
                                                       "token",      "credential", "api_key",    "apikey",
                                                       "access_key", "private_key"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), to_lower);
  return std::ranges::any_of(kWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string describe(const Node& node) {
  std::string text;
  append(text, node);
  std::ranges::replace(text, '\n', ' ');
  if (text.size() > kMaxDescription) text = text.substr(0, kMaxDescription) + "...";
  return text;
}

}  // namespace marty::config::internal
