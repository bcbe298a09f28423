#include "marty/config/internal/keep.hpp"

#include <algorithm>

#include "marty/config/internal/binder.hpp"
#include "marty/reflect/rules.hpp"

namespace marty::config::internal {
namespace {

using reflect::Kind;

class Keeper {
 public:
  std::vector<std::string> take() { return std::move(kept_); }

  // The member `name` of `parent`, which is of that type.
  void keep(const reflect::Type& type, Node& parent, const Node* parent_before, std::string_view name,
            const std::string& key) {
    const reflect::Type& held = type.kind == Kind::optional ? *type.element : type;
    const Node* const before = parent_before != nullptr ? parent_before->find(name) : nullptr;
    Node* const now = parent.find(name);
    if (says_nothing(now) && says_nothing(before)) return;
    // Whether an optional section is there is decided as a whole.
    const bool comes_or_goes = type.kind == Kind::optional && says_nothing(now) != says_nothing(before);
    const bool sections = (says_nothing(now) || is_map(*now)) && (says_nothing(before) || is_map(*before));
    if (held.kind == Kind::object && sections && !comes_or_goes)
      keep_fields(held.object(), parent, now, before, name, key);
    else
      keep_value(parent, now, before, name, key);
  }

 private:
  static bool is_map(const Node& node) { return node.kind == Node::Kind::map; }
  static bool says_nothing(const Node* node) { return node == nullptr || node->kind == Node::Kind::null; }

  // One of both is a map.
  void keep_fields(const reflect::Object& shape, Node& parent, Node* now, const Node* before, std::string_view name,
                   const std::string& key) {
    const bool added = now == nullptr;
    if (added) now = &parent.members.emplace_back(Node::Member{std::string(name), {}}).value;
    if (now->kind == Node::Kind::null) {
      now->kind = Node::Kind::map;
      now->expanded = true;
      if (added) now->origin = before->origin;
    }
    for (const reflect::Field& field : shape.fields) {
      if (field.rules != nullptr && field.rules->reloadable) continue;
      keep(*field.type, *now, before, field.name, join(key, field.name));
    }
    // A section that only had what was taken back is as if nobody had written it.
    if (says_nothing(before) && now->members.empty()) remove(parent, name);
  }

  void keep_value(Node& parent, const Node* now, const Node* before, std::string_view name, const std::string& key) {
    if (now != nullptr && before != nullptr && same_value(*now, *before)) return;
    kept_.push_back(key);
    remove(parent, name);
    if (before != nullptr) parent.members.push_back({std::string(name), *before});
  }

  static void remove(Node& parent, std::string_view name) {
    std::erase_if(parent.members, [&](const Node::Member& member) { return member.name == name; });
  }

  std::vector<std::string> kept_;
};

// The map that holds the section's last part, or null.
template <class SomeNode>
SomeNode* parent_of(SomeNode& root, std::string_view& section) {
  SomeNode* at = &root;
  for (std::size_t dot; at != nullptr && (dot = section.find('.')) != std::string_view::npos;) {
    at = at->find(section.substr(0, dot));
    section.remove_prefix(dot + 1);
  }
  return at;
}

// The same, made where it is not there.
Node& made_parent_of(Node& root, std::string_view& section) {
  Node* at = &root;
  for (std::size_t dot; (dot = section.find('.')) != std::string_view::npos;) {
    const std::string_view part = section.substr(0, dot);
    Node* next = at->find(part);
    if (next == nullptr) next = &at->members.emplace_back(Node::Member{std::string(part), {}}).value;
    if (next->kind == Node::Kind::null) next->kind = Node::Kind::map;
    at = next;
    section.remove_prefix(dot + 1);
  }
  return *at;
}

}  // namespace

std::vector<std::string> keep_unchangeable(const reflect::Type& type, const std::string& section, bool reloadable,
                                           Node& root, const Node& before) {
  if (reloadable) return {};
  std::string_view name = section, name_before = section;
  const Node* const parent_before = parent_of(before, name_before);
  if (parent_before == nullptr && parent_of(root, name) == nullptr) return {};
  name = section;
  Keeper keeper;
  keeper.keep(type, made_parent_of(root, name), parent_before, name, section);
  return keeper.take();
}

void keep_section(const std::string& section, Node& root, const Node& before) {
  std::string_view name = section, name_before = section;
  const Node* const parent_before = parent_of(before, name_before);
  const Node* const node = parent_before != nullptr ? parent_before->find(name_before) : nullptr;
  Node& parent = made_parent_of(root, name);
  std::erase_if(parent.members, [&](const Node::Member& member) { return member.name == name; });
  if (node != nullptr) parent.members.push_back({std::string(name), *node});
}

bool has_reloadable(const reflect::Type& type) {
  if (type.kind == Kind::optional) return has_reloadable(*type.element);
  if (type.kind != Kind::object) return false;
  return std::ranges::any_of(type.object().fields, [](const reflect::Field& field) {
    return (field.rules != nullptr && field.rules->reloadable) || has_reloadable(*field.type);
  });
}

}  // namespace marty::config::internal
