#include "marty/config/internal/binder.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include "marty/base/strings.hpp"
#include "marty/config/internal/core_schema.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/validate.hpp"

namespace marty::config::internal {

using reflect::Field;
using reflect::Kind;
using reflect::Object;

namespace {

std::string show(long double number) {
  std::string text = std::to_string(static_cast<double>(number));
  if (text.find('.') != std::string::npos) text.erase(std::min(text.find_last_not_of("0.") + 1, text.size()));
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<long double>(whole) == number ? std::to_string(whole) : text;
}

// "must be an integer from 0 to 65535": the type, and the limits of the field.
std::string expectation(const reflect::Type& type, const reflect::Rules* rules) {
  std::string text = reflect::expectation(type);
  if (type.kind == Kind::object || type.kind == Kind::map) return "must be a section of keys";
  if (type.kind == Kind::sequence) return "must be a list";
  const bool number = type.kind == Kind::integer || type.kind == Kind::number;
  if (rules == nullptr || !number || (!rules->minimum && !rules->maximum)) return text;
  text = type.kind == Kind::integer ? "must be an integer" : "must be a number";
  const auto& low = rules->minimum;
  const auto& high = rules->maximum;
  if (low && high && !low->exclusive && !high->exclusive)
    return text + " from " + show(low->value) + " to " + show(high->value);
  if (low) text += (low->exclusive ? " greater than " : " of at least ") + show(low->value);
  if (high)
    text += std::string(low ? " and" : "") + (high->exclusive ? " less than " : " of at most ") + show(high->value);
  return text;
}

// What was read as a secret is never shown from then on.
void hide(const Node& node) {
  node.hidden = true;
  for (const Node& item : node.items) hide(item);
  for (const Node::Member& member : node.members) hide(member.value);
}

// A secret, or something that may have one in it.
bool may_hold_secrets(const reflect::Type& type, int depth = 0) {
  constexpr int kMaxDepth = 8;  // a struct may hold itself, by way of a list
  if (type.kind == Kind::text) return type.text->append == nullptr;
  if (type.kind == Kind::object && depth < kMaxDepth) {
    return std::ranges::any_of(type.object().fields, [&](const Field& field) {
      return field.write_only || is_confidential(field.name) || may_hold_secrets(*field.type, depth + 1);
    });
  }
  return type.element != nullptr && may_hold_secrets(*type.element, depth);
}

// Where a JSON Pointer below `node` leads: for the problems that a struct's own check() finds.
const Node& follow(const Node& node, std::string_view pointer, std::string& key) {
  const Node* at = &node;
  while (!pointer.empty()) {
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string_view step = pointer.substr(1, end - 1);
    std::size_t item = 0;
    const bool is_item =
        at->kind != Node::Kind::map && std::from_chars(step.data(), step.data() + step.size(), item).ec == std::errc();
    key = is_item ? key + "[" + std::string(step) + "]" : join(key, step);
    const Node* const next = !is_item ? at->find(step) : item < at->items.size() ? &at->items[item] : nullptr;
    if (next != nullptr) at = next;
    pointer.remove_prefix(end);
  }
  return *at;
}

}  // namespace

void mark_used(const Node& node) {
  node.used = true;
  for (const Node& item : node.items) mark_used(item);
  for (const Node::Member& member : node.members) mark_used(member.value);
  for (const Node& lower : node.beneath) mark_used(lower);
}

std::string join(const std::string& key, std::string_view name) {
  return key.empty() ? std::string(name) : key + "." + std::string(name);
}

void Binder::bind(const Type& type, void* object, Node* node, const std::string& key) {
  Node nothing;
  if (node != nullptr) mark_used(*node);
  read(type, object, node != nullptr ? *node : nothing, key);
}

// False: reported; the object is as it was, or partly read.
bool Binder::read(const Type& type, void* object, Node& node, const std::string& key) {
  settle(node, form_of(type), key, settling_);
  const bool is_broken = form_of(type) != Form::text && begins_like_section(node);  // else it were no text by now
  if (is_broken && may_hold_secrets(type)) hide(node);
  return !node.faulty && read_value(type, object, node, key);
}

bool Binder::read_value(const Type& type, void* object, Node& node, const std::string& key) {
  switch (type.kind) {
    case Kind::object:
      return read_object(type, object, node, key);
    case Kind::sequence:
      return read_sequence(type, object, node, key);
    case Kind::map:
      return read_map(type, object, node, key);
    case Kind::optional:
      if (node.kind == Node::Kind::null) return type.optional->reset(object), true;
      return read(*type.element, type.optional->emplace(object), node, key);
    case Kind::variant:
      return read_variant(type, object, node, key);
    case Kind::any:
      return *static_cast<json::Value*>(object) = to_value(node, key), true;
    case Kind::null:
      return node.kind == Node::Kind::null || refuse(node, key, "must be empty");
    default:
      return read_scalar(type, object, node, key);
  }
}

bool Binder::read_scalar(const Type& type, void* object, const Node& node, const std::string& key) {
  if (type.kind == Kind::text && type.text->append == nullptr) hide(node);
  if (node.kind != Node::Kind::scalar) return refuse(node, key, expectation(type, rules_));
  const std::string problem = internal::read_scalar(type, node.text(), object);
  if (problem.empty()) return true;
  const bool number = type.kind == Kind::integer || type.kind == Kind::number;
  return refuse(node, key, number ? expectation(type, rules_) : problem);
}

bool Binder::read_object(const Type& type, void* object, Node& node, const std::string& key) {
  if (node.kind != Node::Kind::map && node.kind != Node::Kind::null)
    return refuse(node, key, expectation(type, nullptr));
  const Object& shape = type.object();
  bool good = report_missing(shape, node, key);
  for (auto& [name, member, any_spelling] : node.members) {
    const std::string path = join(key, name);
    if (const Field* const field = shape.find(name)) {
      good &= read_field(*field, object, member, path);
    } else if (shape.tag.empty() || name != shape.tag_name) {
      report_unknown(shape, name, member, key);
      good = false;
    }
  }
  if (!good) return false;
  Problems found;
  reflect::check_object(shape, object, reflect::Path{}, found);
  for (const FieldError& error : found.errors()) {
    std::string path = key;
    const Node& at = follow(node, error.pointer, path);
    report(at, path, error.message);
  }
  return found.empty();
}

bool Binder::read_field(const Field& field, void* object, Node& node, const std::string& key) {
  if (field.deprecated) warnings_.push_back(node.origin.text() + ": " + key + " is deprecated");
  const reflect::Rules* const outer_rules = std::exchange(rules_, field.rules);
  const bool outer_confidential =
      std::exchange(confidential_, confidential_ || field.write_only || is_confidential(field.name));
  bool good = read(*field.type, field.in(object), node, key);
  if (good && field.rules != nullptr) {
    Problems found;
    reflect::check_rules(*field.rules, *field.type, field.in(object), reflect::Path{}, found);
    for (const FieldError& error : found.errors()) {
      const bool number = field.type->kind == Kind::integer || field.type->kind == Kind::number;
      // Some messages name what they found.
      const bool named = field.rules->unique && holds_hidden(node);
      refuse(node, key,
             number  ? expectation(*field.type, rules_)
             : named ? "must not hold an item twice"
                     : error.message);
    }
    good = found.empty();
  }
  rules_ = outer_rules;
  confidential_ = outer_confidential;
  return good;
}

bool Binder::read_sequence(const Type& type, void* object, Node& node, const std::string& key) {
  if (node.kind != Node::Kind::sequence) return refuse(node, key, expectation(type, nullptr));
  const std::size_t fixed_size = type.sequence->fixed_size;
  if (fixed_size != 0 && node.items.size() != fixed_size) {
    return refuse(node, key, "must be a list of exactly " + std::to_string(fixed_size));
  }
  type.sequence->clear(object);
  bool good = true;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    void* const element = fixed_size != 0 ? type.sequence->at(object, i) : type.sequence->append(object);
    good &= read(*type.element, element, node.items[i], key + "[" + std::to_string(i) + "]");
  }
  return good;
}

bool Binder::read_map(const Type& type, void* object, Node& node, const std::string& key) {
  if (node.kind != Node::Kind::map && node.kind != Node::Kind::null)
    return refuse(node, key, expectation(type, nullptr));
  type.map->clear(object);
  bool good = true;
  for (Node::Member& member : node.members)
    good &= read_map_entry(type, object, member.value, member.name, join(key, member.name));
  return good;
}

bool Binder::read_map_entry(const Type& type, void* object, Node& node, const std::string& name,
                            const std::string& key) {
  const Type& key_type = *type.map->key;
  const std::unique_ptr<char[]> storage(new char[key_type.size]);
  key_type.construct(storage.get());
  const std::string problem = reflect::from_text(key_type, name, storage.get());
  void* const value = problem.empty() ? type.map->insert(object, storage.get()) : nullptr;
  key_type.destroy(storage.get());
  if (!problem.empty()) return report(node, key, "the key " + problem), false;
  const bool outer_confidential = std::exchange(confidential_, confidential_ || is_confidential(name));
  const bool good =
      value == nullptr ? refuse(node, key, "must not be there twice") : read(*type.element, value, node, key);
  confidential_ = outer_confidential;
  return good;
}

bool Binder::read_variant(const Type& type, void* object, Node& node, const std::string& key) {
  const auto alternatives = type.variant->alternatives;
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    const Type& alternative = *alternatives[i];
    bool fits = false;
    if (reflect::is_scalar(alternative.kind)) {
      if (node.kind != Node::Kind::scalar) continue;
      void* const held = type.variant->emplace(object, i);
      if (internal::read_scalar(alternative, node.text(), held).empty()) return true;
    } else if (alternative.kind == Kind::object && node.kind == Node::Kind::map) {
      const Object& shape = alternative.object();
      Node* const tag = node.find(shape.tag_name);
      if (tag != nullptr) settle(*tag, Form::text, join(key, shape.tag_name), settling_);
      fits = shape.tag.empty() || (tag != nullptr && tag->scalar == shape.tag);
    } else {
      fits = (alternative.kind == Kind::sequence && node.kind == Node::Kind::sequence) ||
             (alternative.kind == Kind::map && node.kind == Node::Kind::map) ||
             (alternative.kind == Kind::null && node.kind == Node::Kind::null) || alternative.kind == Kind::any;
    }
    if (fits) return read(alternative, type.variant->emplace(object, i), node, key);
  }
  return refuse(node, key, expectation(type, nullptr));
}

// By the core schema of YAML 1.2.
json::Value Binder::to_value(Node& node, const std::string& key) {
  switch (node.kind) {
    case Node::Kind::null:
      return {};
    case Node::Kind::sequence: {
      json::Value list = json::Value::array();
      for (Node& item : node.items) list.push_back(to_member(item, key));
      return list;
    }
    case Node::Kind::map: {
      json::Value map = json::Value::object();
      for (Node::Member& member : node.members) map[member.name] = to_member(member.value, join(key, member.name));
      return map;
    }
    case Node::Kind::scalar:
      break;
  }
  return core_value(node.text(), node.quoted);
}

// Nobody knows what a member is meant to be: a text is one, unless it is laid over a section.
json::Value Binder::to_member(Node& node, const std::string& key) {
  settling_.expand(node, key);
  if (!node.beneath.empty() && holds_section(node)) settle(node, Form::section, key, settling_);
  return to_value(node, key);
}

void Binder::report_unknown(const Object& shape, std::string_view name, const Node& node, const std::string& key) {
  std::vector<std::string_view> names;
  for (const Field& field : shape.fields) names.push_back(field.name);
  std::string message = "is not a known key";
  if (const auto near = nearest(name, names)) message += "; did you mean " + join(key, *near) + "?";
  report(node, join(key, name), std::move(message));
  problems_.back().unknown_key = true;
}

// Whether all is there that has to be.
bool Binder::report_missing(const Object& shape, const Node& node, const std::string& key) {
  bool complete = true;
  for (const Field& field : shape.fields) {
    if (!field.required || node.find(field.name) != nullptr) continue;
    const std::string path = join(key, field.name);
    report(node, path, "is required: it " + expectation(*field.type, field.rules));
    complete = false;
  }
  return complete;
}

bool Binder::refuse(const Node& node, const std::string& key, const std::string& expected) {
  const std::string found = confidential_ ? " (what was found is not shown)" : ", not " + describe(node);
  std::string message = expected;
  const std::size_t end = std::min(message.find("; did you mean"), message.size());
  if (confidential_ || node.hidden || node.secret != nullptr) message.resize(end);  // a guess tells what it is near to
  message.insert(end, found);
  report(node, key, std::move(message));
  return false;
}

void Binder::report(const Node& node, const std::string& key, std::string message) {
  problems_.push_back({node.origin, key, std::move(message)});
}

}  // namespace marty::config::internal
