// Node: one value of the configuration and where it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/secret.hpp"

namespace marty::config::internal {

// Stands for what must not be shown.
inline constexpr std::string_view kHidden = "(not shown)";

// Where a value was written: a line of a file, or an environment variable (line 0).
struct Origin {
  std::string source;
  int line = 0;

  std::string text() const { return line == 0 ? source : source + ":" + std::to_string(line); }
};

// See above. A map keeps the order of its keys, which are unique.
struct Node {
  struct Member;
  enum class Kind : std::uint8_t { null, scalar, sequence, map };

  Kind kind = Kind::null;
  bool quoted = false;          // a scalar that YAML does not resolve to a number, boolean or null
  bool loose = false;           // a scalar from an environment variable or reference: a list may be written in it
  bool faulty = false;          // reported already: it has no usable value
  bool expanded = false;        // its references are replaced
  mutable bool used = false;    // a section asked for it
  mutable bool hidden = false;  // what it holds must not be shown: it is a secret
  Origin origin;
  std::string scalar;                    // as it was written, where there is a `secret`
  std::shared_ptr<const Secret> secret;  // what the scalar stands for, where secrets are in it
  std::vector<Node> items;               // of a sequence
  std::vector<Member> members;           // of a map
  std::vector<Node> history;             // what earlier layers said and later ones replaced, first to last
  std::vector<Node> beneath;             // at most one: what it is laid over, once it is known to be a section

  std::string_view text() const { return secret != nullptr ? secret->reveal() : std::string_view(scalar); }
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }
};

struct Node::Member {
  std::string name;
  Node value;
  bool any_spelling = false;  // from a variable, which tells neither upper from lower case nor '-' from '_'
};

// Whether both say the same, wherever that was written.
bool same_value(const Node& one, const Node& other);

// Whether a setting of this name must not be shown: passwords, secrets, tokens, keys.
bool is_confidential(std::string_view name);

// Whether something in it must not be shown.
bool holds_hidden(const Node& node);

// Whether a text is one reference to a secret and nothing else: it may be shown where a value may not.
bool is_secret_reference(std::string_view text);

// A text in braces or brackets, as far as its first character tells.
bool begins_like_section(const Node& node);

// A scalar as it was written, without passwords in URLs and the defaults of secrets; "(not shown)" where it begins as a
// section or list and names a confidential member: it may be one with a brace too few, or for a setting that takes
// none.
std::string shown(const Node& scalar);

// One line for people: 8080, "text", [1, 2], {a: 1}; cut when long, and without what is confidential: members by their
// names, the password in postgres://user:password@host, the default in ${SECRET:key:-default}.
std::string describe(const Node& node);

}  // namespace marty::config::internal
