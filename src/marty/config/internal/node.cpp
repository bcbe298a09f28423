#include "marty/config/internal/node.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/config/internal/expand.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::config::internal {
namespace {

constexpr std::size_t kMaxDescription = 80;

// scheme://user:password@host -> scheme://user:(not shown)@host, scheme://token@host -> scheme://(not shown)@host;
// everywhere in it.
std::string without_password(std::string text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = std::min(text.find_first_of(" \t,;\"'", at), text.size());
    const std::size_t sign = end == at ? std::string::npos : text.rfind('@', end - 1);
    if (sign == std::string::npos || sign < at) continue;
    const std::size_t colon = std::min(text.find(':', at), sign);
    const std::size_t begin = colon < sign ? colon + 1 : at;
    // A '/' ends the authority, but passwords are written with one all the same: only behind a port is it surely a
    // path.
    const std::size_t slash = text.find('/', at);
    const bool has_port = slash > begin && text.find_first_not_of("0123456789", begin) == slash;
    if (slash < sign && (colon == sign || slash < begin || has_port)) continue;
    const std::string_view found = std::string_view(text).substr(begin, sign - begin);
    if (found.starts_with("${") && found.ends_with('}')) continue;
    text.replace(begin, sign - begin, kHidden);
    at = begin + kHidden.size();
  }
  return text;
}

std::string without_defaults(std::string text) { return without_secret_defaults(std::move(text), kHidden); }

void append(std::string& out, const Node& node) {
  if (node.hidden && !is_secret_reference(without_defaults(node.scalar))) return void(out += kHidden);
  switch (node.kind) {
    case Node::Kind::null:
      out += "nothing";
      break;
    case Node::Kind::scalar:
      if (const std::string text = shown(node); text == kHidden)
        out += text;
      else
        out += node.quoted || text.empty() ? '"' + text + '"' : text;
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
      for (const auto& [key, value, any_spelling] : node.members) {
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

bool begins_like_section(const Node& node) {
  if (node.kind != Node::Kind::scalar) return false;
  const std::size_t first = node.scalar.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (node.scalar[first] == '{' || node.scalar[first] == '[');
}

std::string shown(const Node& scalar) {
  if (begins_like_section(scalar) && is_confidential(scalar.scalar)) return std::string(kHidden);
  return without_password(without_defaults(scalar.scalar));
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::name);
  return found == members.end() ? nullptr : &found->value;
}

bool same_value(const Node& one, const Node& other) {
  if (one.kind != other.kind || one.quoted != other.quoted) return false;
  switch (one.kind) {
    case Node::Kind::null:
      return true;
    case Node::Kind::scalar:
      return one.text() == other.text();
    case Node::Kind::sequence:
      return std::ranges::equal(one.items, other.items, same_value);
    case Node::Kind::map:
      break;
  }
  return one.members.size() == other.members.size() && std::ranges::all_of(one.members, [&](const auto& member) {
           const Node* const match = other.find(member.name);
           return match != nullptr && same_value(member.value, *match);
         });
}

// Of settings more than of what is logged: nobody misses the value of "tokenizer" in a message.
bool is_confidential(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c == '-' ? '_' : to_lower(c); });
  return telemetry::is_sensitive(name) || std::ranges::any_of(telemetry::kSensitiveWords, [&](std::string_view word) {
           return lower.find(word) != std::string::npos;
         });
}

bool holds_hidden(const Node& node) {
  const auto in_member = [](const Node::Member& member) { return holds_hidden(member.value); };
  return node.hidden || node.secret != nullptr || std::ranges::any_of(node.items, holds_hidden) ||
         std::ranges::any_of(node.members, in_member);
}

bool is_secret_reference(std::string_view text) {
  if (text.starts_with('"') && text.ends_with('"') && text.size() > 1) text = text.substr(1, text.size() - 2);
  return text.starts_with("${SECRET:") && text.find('}') == text.size() - 1;
}

std::string describe(const Node& node) {
  std::string text;
  append(text, node);
  std::ranges::replace(text, '\n', ' ');
  if (text.size() > kMaxDescription) text = text.substr(0, kMaxDescription) + "...";
  return text;
}

}  // namespace marty::config::internal
