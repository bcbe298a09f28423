#include "marty/config/internal/inspect.hpp"

#include "marty/config/internal/core_schema.hpp"
#include "marty/json/schema.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::config::internal {
namespace {

using reflect::Field;
using reflect::Kind;

const reflect::Type& held_by(const reflect::Type& type) { return type.kind == Kind::optional ? *type.element : type; }

// Values for programs.
class Exact {
 public:
  explicit Exact(const TreeState& state) : state_(state) {}

  json::Value of(const Node& node, const reflect::Type& type, const std::string& key) const {
    if (type.kind == Kind::optional) return of(node, *type.element, key);
    if (node.hidden || state_.hides(key)) return secret(node);
    switch (node.kind) {
      case Node::Kind::null:
        return {};
      case Node::Kind::scalar:
        return node.secret != nullptr ? json::Value(internal::shown(node)) : exact_scalar(node, type);
      case Node::Kind::sequence: {
        json::Value list = json::Value::array();
        for (const Node& item : node.items)
          list.push_back(of(item, type.kind == Kind::sequence ? *type.element : type, key));
        return list;
      }
      case Node::Kind::map:
        break;
    }
    json::Value map = json::Value::object();
    for (const auto& [name, member, any_spelling] : node.members) {
      const Field* const field = type.kind == Kind::object ? type.object().find(name) : nullptr;
      const reflect::Type& held = field != nullptr ? *field->type : type.kind == Kind::map ? *type.element : type;
      map[name] = of(member, held, join(key, name));
    }
    return map;
  }

  static json::Value secret(const Node& node) {
    const std::string text = internal::shown(node);
    return is_secret_reference(text) ? text : std::string(kHidden);
  }

 private:
  // Of free-form JSON and of variants the text alone tells the type.
  static json::Value exact_scalar(const Node& node, const reflect::Type& type) {
    if (!reflect::is_scalar(type.kind)) {
      const json::Value value = core_value(node.scalar, node.quoted);
      return value.is_string() ? json::Value(internal::shown(node)) : value;
    }
    if (type.kind > Kind::number) return internal::shown(node);
    const std::shared_ptr<void> object = reflect::make_object(type);
    if (!read_scalar(type, node.scalar, object.get()).empty()) return internal::shown(node);
    std::string text;
    json::write(text, type, object.get(), json::View::response);
    return json::Value::parse(text);
  }

  const TreeState& state_;
};

// Collects the settings of sections, field by field.
class Lister {
 public:
  explicit Lister(const TreeState& state) : state_(state), exact_(state) {}
  std::vector<Setting> take() { return std::move(settings_); }

  void add_section(const std::string& section, const TreeState::Section& bound) {
    const bool reloadable = bound.changes == Changes::at_run_time;
    const Node* const node = state_.find(section);
    if (bound.type->kind == Kind::object) {
      add_fields(bound.type->object(), node, section, reloadable);
    } else if (node != nullptr && node->kind == Node::Kind::map) {
      const reflect::Type& each = bound.type->kind == Kind::map ? *bound.type->element : *bound.type;
      for (const Node::Member& member : node->members)
        add_node(member.value, each, join(section, member.name), reloadable);
    } else if (node != nullptr) {
      add_node(*node, *bound.type, section, reloadable);
    }
  }

 private:
  void add_fields(const reflect::Object& shape, const Node* node, const std::string& section, bool reloadable) {
    for (const Field& field : shape.fields) {
      const std::string key = join(section, field.name);
      const Node* const member = node != nullptr ? node->find(field.name) : nullptr;
      const bool changes = reloadable || (field.rules != nullptr && field.rules->reloadable);
      const reflect::Type& type = held_by(*field.type);
      const bool absent = field.type->kind == Kind::optional && member == nullptr;
      if (type.kind == Kind::object && !absent && (member == nullptr || member->kind != Node::Kind::scalar))
        add_fields(type.object(), member, key, changes);
      else if (member != nullptr)
        add_node(*member, type, key, changes);
      else
        add_default(field, key, changes);
    }
  }

  void add_node(const Node& node, const reflect::Type& type, const std::string& key, bool reloadable) {
    settings_.push_back({key, shown(node, key), node.origin.text(), reloadable, exact_.of(node, type, key)});
  }

  void add_default(const Field& field, const std::string& key, bool reloadable) {
    const json::Value value = default_of(field, key);
    const std::string text = value.is_null() ? "" : value.is_string() ? value.as_string() : value.to_string();
    settings_.push_back({key, text, "default", reloadable, value});
  }

  std::string shown(const Node& node, const std::string& key) const {
    std::string text = describe(node);
    return state_.hides(key) && !is_secret_reference(text) ? std::string(kHidden) : text;
  }

  json::Value default_of(const Field& field, const std::string& key) const {
    if (field.default_value == nullptr) return {};
    if (state_.hides(key)) return kHidden;
    std::string text;
    json::write(text, *field.type, field.default_value, json::View::response);
    return json::Value::parse(text);
  }

  const TreeState& state_;
  const Exact exact_;
  std::vector<Setting> settings_;
};

// Of what stands at a key, as the innermost section that it is in has it; where none says, anything.
const reflect::Type& type_at(const TreeState& state, std::string_view key) {
  const reflect::Type* type = nullptr;
  std::string_view rest;
  for (const auto& [section, bound] : state.sections()) {  // in order: an inner one comes later
    if (key != section && !key.starts_with(section + '.')) continue;
    type = bound.type;
    rest = key.substr(std::min(section.size() + 1, key.size()));
  }
  while (type != nullptr && !rest.empty()) {
    const std::size_t end = std::min(rest.find('.'), rest.size());
    const reflect::Type& holder = held_by(*type);
    const Field* const field = holder.kind == Kind::object ? holder.object().find(rest.substr(0, end)) : nullptr;
    type = field != nullptr ? field->type : holder.kind == Kind::map ? holder.element : nullptr;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return type != nullptr ? *type : reflect::type_of<json::Value>();
}

json::Value& section_in(json::Value& document, std::string_view section) {
  json::Value* at = &document;
  while (!section.empty()) {
    const std::size_t end = std::min(section.find('.'), section.size());
    (*at)["type"] = "object";
    at = &(*at)["properties"][section.substr(0, end)];
    section.remove_prefix(std::min(end + 1, section.size()));
  }
  return *at;
}

// Only what sections say is known. Once all are laid over each other: one may hold another.
void close_objects(json::Value& schema) {
  if (const json::Value* const properties = schema.find("properties"); properties != nullptr) {
    schema["additionalProperties"] = false;
    for (auto& member : schema["properties"].as_object()) close_objects(member.value);
  }
}

// What `from` says goes into what is there already from a section inside of it.
void lay_over(json::Value& into, const json::Value& from) {
  for (const auto& [name, value] : from.as_object()) {
    if (name != "properties" || into.find(name) == nullptr) {
      into[name] = value;
      continue;
    }
    for (const auto& [property, schema] : value.as_object()) {
      if (into[name].find(property) == nullptr) into[name][property] = schema;
    }
  }
}

}  // namespace

std::vector<Setting> settings_of(const TreeState& state) {
  Lister lister(state);
  for (const auto& [section, bound] : state.sections()) lister.add_section(section, bound);
  return lister.take();
}

std::vector<ExactLayer> exact_layers_of(const TreeState& state, std::string_view key) {
  std::vector<ExactLayer> layers;
  const Node* const node = state.find(key);
  if (node == nullptr) return layers;
  const Exact exact(state);
  const reflect::Type& type = type_at(state, key);
  const bool replaced_hidden = holds_hidden(*node);
  for (const Node& before : node->history) {
    const json::Value value = replaced_hidden ? Exact::secret(before) : exact.of(before, type, std::string(key));
    layers.push_back({before.origin.text(), value});
  }
  layers.push_back({node->origin.text(), exact.of(*node, type, std::string(key))});
  return layers;
}

json::Value schema_of(const TreeState& state) {
  json::Value document = json::Value::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"}});
  json::Schemas schemas("#/$defs/");
  for (const auto& [section, bound] : state.sections()) {
    const json::Value reference = schemas.of(*bound.type);
    json::Value& place = section_in(document, section);
    const json::Value* const name = reference.find("$ref");
    if (name == nullptr) {
      lay_over(place, reference);
      continue;
    }
    // Written out, so that another section may stand inside.
    const std::string pointer = name->as_string().substr(std::string_view("#/$defs").size());
    lay_over(place, schemas.definitions().at(pointer));
  }
  close_objects(document);
  if (schemas.definitions().size() != 0) document["$defs"] = schemas.definitions();
  return document;
}

}  // namespace marty::config::internal
