#include "marty/config/internal/merge.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/config/internal/expand.hpp"
#include "marty/config/internal/loose.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::config::internal {
namespace {

// Whether a text may turn out to be a section.
bool is_undecided(const Node& node) {
  if (!node.beneath.empty()) return true;
  return node.kind == Node::Kind::scalar &&
         ((!node.expanded && has_reference(node.scalar)) || (node.loose && begins_as_section(node.text())));
}

std::string with_underscores(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

Node::Member* find_member(Node& base, const Node::Member& wanted) {
  const auto exact = std::ranges::find(base.members, wanted.name, &Node::Member::name);
  if (exact != base.members.end()) return &*exact;
  const std::string name = with_underscores(wanted.name);
  const auto near = std::ranges::find_if(base.members, [&](const Node::Member& member) {
    return (member.any_spelling || wanted.any_spelling) && equals_ignore_case(with_underscores(member.name), name);
  });
  return near != base.members.end() ? &*near : nullptr;
}

// All that was said before, with what is replaced now.
std::vector<Node> past_of(Node replaced) {
  std::vector<Node> past;
  if (!replaced.beneath.empty()) past = past_of(std::move(replaced.beneath.front()));
  std::ranges::move(std::exchange(replaced.history, {}), std::back_inserter(past));
  replaced.beneath.clear();
  past.push_back(std::move(replaced));
  return past;
}

// The layer in the place of `base`.
void replace(Node& base, Node layer) {
  std::vector<Node> history = past_of(std::move(base));
  std::ranges::move(layer.history, std::back_inserter(history));
  base = std::move(layer);
  base.history = std::move(history);
}

// Both are known for what they are.
void lay_over(Node& base, Node layer) {
  if (base.kind == Node::Kind::map && layer.kind == Node::Kind::null) return;
  if (base.kind != Node::Kind::map || layer.kind != Node::Kind::map) return replace(base, std::move(layer));
  base.used |= layer.used;
  for (Node::Member& member : layer.members) {
    Node::Member* const known = find_member(base, member);
    if (known == nullptr) {
      base.members.push_back(std::move(member));
      continue;
    }
    if (known->any_spelling && !member.any_spelling) {
      known->name = std::move(member.name);
      known->any_spelling = false;
    }
    merge(known->value, std::move(member.value));
  }
}

}  // namespace

void merge(Node& base, Node layer) {
  if (!layer.beneath.empty()) {
    Node first = std::move(layer.beneath.front());
    layer.beneath.clear();
    merge(base, std::move(first));
  }
  const bool may_be_both = (base.kind == Node::Kind::map || is_undecided(base)) &&
                           (layer.kind == Node::Kind::map || layer.kind == Node::Kind::null || is_undecided(layer));
  const bool known = base.kind == Node::Kind::map && !is_undecided(layer);
  if (!may_be_both || known) return lay_over(base, std::move(layer));
  Node lower = std::exchange(base, std::move(layer));
  base.beneath.push_back(std::move(lower));
}

Form form_of(const reflect::Type& type) {
  if (type.kind == reflect::Kind::optional) return form_of(*type.element);
  if (type.kind == reflect::Kind::sequence) return Form::list;
  return reflect::is_scalar(type.kind) || type.kind == reflect::Kind::null ? Form::text : Form::section;
}

void settle(Node& node, Form form, const std::string& key, const Settling& settling) {
  std::vector<Node> beneath = std::exchange(node.beneath, {});
  settling.expand(node, key);
  if (node.kind == Node::Kind::scalar && node.loose && !node.faulty && form != Form::text) {
    if (std::string problem = read_loose(node, form); !problem.empty()) {
      node.faulty = true;
      settling.report(node, key, std::move(problem));
    }
  }
  if (beneath.empty()) return;
  Node base = std::move(beneath.front());
  const bool is_section = form == Form::section && (node.kind == Node::Kind::map || node.kind == Node::Kind::null);
  if (is_section) settle(base, form, key, settling);
  is_section ? lay_over(base, std::move(node)) : replace(base, std::move(node));
  node = std::move(base);
}

bool holds_section(const Node& node) {
  return node.kind == Node::Kind::map || std::ranges::any_of(node.beneath, holds_section);
}

}  // namespace marty::config::internal
