#include "marty/config/internal/inspect.hpp"

#include "marty/json/schema.hpp"

namespace marty::config::internal {
namespace {

using reflect::Field;
using reflect::Kind;

constexpr std::string_view kHidden = "(not shown)";

const reflect::Type& held_by(const reflect::Type& type) { return type.kind == Kind::optional ? *type.element : type; }

// Collects the settings of sections, field by field.
class Lister {
 public:
  explicit Lister(const TreeState& state) : state_(state) {}
  std::vector<Setting> take() { return std::move(settings_); }

  void add_section(const std::string& section, const TreeState::Section& bound) {
    const bool reloadable = bound.changes == Changes::at_run_time;
    const Node* const node = state_.find(section);
    if (bound.type->kind == Kind::object) {
      add_fields(bound.type->object(), node, section, reloadable);
    } else if (node != nullptr && node->kind == Node::Kind::map) {
      for (const auto& [name, member] : node->members) add_node(member, join(section, name), reloadable);
    } else if (node != nullptr) {
      add_node(*node, section, reloadable);
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
        add_node(*member, key, changes);
      else
        settings_.push_back({key, default_of(field, key), "default", changes});
    }
  }

  void add_node(const Node& node, const std::string& key, bool reloadable) {
    settings_.push_back({key, shown(node, key), node.origin.text(), reloadable});
  }

  std::string shown(const Node& node, const std::string& key) const {
    std::string text = describe(node);
    return state_.hides(key) && !is_secret_reference(text) ? std::string(kHidden) : text;
  }

  std::string default_of(const Field& field, const std::string& key) const {
    if (field.default_value == nullptr) return "";
    if (state_.hides(key)) return std::string(kHidden);
    std::string text;
    json::write(text, *field.type, field.default_value, json::View::response);
    const json::Value value = json::Value::parse(text);
    return value.is_string() ? value.as_string() : text;
  }

  const TreeState& state_;
  std::vector<Setting> settings_;
};

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
