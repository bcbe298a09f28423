#include "marty/json/schema.hpp"

#include <algorithm>
#include <utility>

#include "marty/reflect/scalar.hpp"

namespace marty::json {

using reflect::Enumerator;
using reflect::Field;
using reflect::Kind;
using reflect::Object;
using reflect::Rules;
using reflect::Type;

namespace {

Value number_value(long double number) { return Value::parse(reflect::number_text(number)); }

Value integer_schema(const Type& type) {
  Value schema = Value::object({{"type", "integer"}});
  if (type.is_signed && type.size >= 4) {
    schema["format"] = type.size == 4 ? "int32" : "int64";
    return schema;
  }
  const unsigned bits = type.size * 8;
  schema["minimum"] = type.is_signed ? -(std::int64_t{1} << (bits - 1)) : std::int64_t{0};
  if (bits < 64) schema["maximum"] = (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
  return schema;
}

Value text_schema(const Type& type) {
  Value schema = Value::object({{"type", "string"}});
  if (type.text->format == "base64") {
    schema["contentEncoding"] = "base64";
  } else if (type.text->format == "decimal") {  // registered, but generators take it for a binary fraction
    schema["pattern"] = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$";
  } else if (!type.text->format.empty()) {
    schema["format"] = type.text->format;
  }
  return schema;
}

Value enumeration_schema(const Type& type) {
  Value names = Value::array();
  for (const Enumerator& enumerator : type.enumeration().enumerators) names.push_back(enumerator.name);
  return Value::object({{"type", "string"}, {"enum", std::move(names)}});
}

void add_bounds(const Rules& rules, Value& schema) {
  if (rules.minimum)
    schema[rules.minimum->exclusive ? "exclusiveMinimum" : "minimum"] = number_value(rules.minimum->value);
  if (rules.maximum)
    schema[rules.maximum->exclusive ? "exclusiveMaximum" : "maximum"] = number_value(rules.maximum->value);
  if (rules.min_length) schema["minLength"] = *rules.min_length;
  if (rules.max_length) schema["maxLength"] = *rules.max_length;
  // A map is an object in JSON, where the keywords have other names.
  const bool is_map = std::as_const(schema)["type"] == Value("object");
  if (rules.min_items) schema[is_map ? "minProperties" : "minItems"] = *rules.min_items;
  if (rules.max_items) schema[is_map ? "maxProperties" : "maxItems"] = *rules.max_items;
  if (rules.unique) schema["uniqueItems"] = true;
}

void add_text_rules(const Rules& rules, Value& schema) {
  if (!rules.pattern.empty()) schema["pattern"] = rules.pattern;
  if (!rules.format.empty()) schema["format"] = rules.format;
  for (std::size_t i = 0; i < rules.choice_count; ++i) schema["enum"].push_back(rules.choices[i]);
}

void add_documentation(const Rules& rules, Value& schema) {
  if (!rules.title.empty()) schema["title"] = rules.title;
  if (!rules.description.empty()) schema["description"] = rules.description;
  if (rules.read_only) schema["readOnly"] = true;
  if (rules.deprecated) schema["deprecated"] = true;
  switch (rules.example.kind) {
    case reflect::Example::Kind::none:
      break;
    case reflect::Example::Kind::string:
      schema["examples"] = Value::array({rules.example.text});
      break;
    case reflect::Example::Kind::number:
      schema["examples"] = Value::array({number_value(rules.example.number)});
      break;
    case reflect::Example::Kind::boolean:
      schema["examples"] = Value::array({rules.example.number != 0});
      break;
  }
}

// Whether every value that is written has the field.
bool is_always_written(const Field& field) {
  return field.required || (field.type->kind != Kind::optional && !field.write_only);
}

}  // namespace

void Schemas::take_over(const Schemas& first) {
  for (const Type* type : first.of_requests_) {
    std::set<const Type*> seen;
    if (first.of_responses_.contains(type) && differs(*type, seen)) two_sided_.insert(type);
  }
}

// Whether what is read and what is written are described otherwise.
bool Schemas::differs(const Type& type, std::set<const Type*>& seen) {
  const auto any = [&](const Type* part) { return differs(*part, seen); };
  switch (type.kind) {
    case Kind::object:
      return seen.insert(&type).second && std::ranges::any_of(type.object().fields, [&](const Field& field) {
               return (!field.required && is_always_written(field)) || any(field.type);
             });
    case Kind::sequence:
    case Kind::map:
    case Kind::optional:
      return any(type.element);
    case Kind::variant:
      return std::ranges::any_of(type.variant->alternatives, any);
    default:
      return false;
  }
}

Value Schemas::of(const Type& type, View view) {
  const bool before = std::exchange(written_, view == View::response);
  Value schema = of(type);
  written_ = before;
  return schema;
}

Value Schemas::of(const Type& type) {
  switch (type.kind) {
    case Kind::boolean:
      return Value::object({{"type", "boolean"}});
    case Kind::integer:
      return integer_schema(type);
    case Kind::number:
      return Value::object({{"type", "number"}, {"format", type.size == 4 ? "float" : "double"}});
    case Kind::string:
      return Value::object({{"type", "string"}});
    case Kind::text:
      return text_schema(type);
    case Kind::enumeration:
    case Kind::object:
      return reference(type);
    case Kind::sequence:
      return sequence(type);
    case Kind::map:
      return map(type);
    case Kind::optional:
      return optional(type);
    case Kind::variant:
      return variant(type);
    case Kind::null:
      return Value::object({{"type", "null"}});
    case Kind::any:
      break;
  }
  return Value::object();
}

Value Schemas::of(const Field& field) {
  // An empty optional is left out, so that the schema of the value is the schema of the field.
  Value schema = of(field.type->kind == Kind::optional ? *field.type->element : *field.type);
  if (field.rules != nullptr) {
    add_bounds(*field.rules, schema);
    add_text_rules(*field.rules, schema);
    add_documentation(*field.rules, schema);
  }
  if (field.write_only) schema["writeOnly"] = true;
  if (field.default_value != nullptr) {
    std::string text;
    write(text, *field.type, field.default_value, View::response);
    schema["default"] = Value::parse(text);
  }
  return schema;
}

Value Schemas::definitions() const {
  Value all = Value::object();
  for (const auto& [name, definition] : definitions_) all[name] = definition.schema;
  return all;
}

Value Schemas::reference(const Type& type) {
  const std::string_view short_name = type.kind == Kind::object ? type.object().name : type.enumeration().name;
  if (type.kind == Kind::enumeration)
    return define(free_name(type, short_name, ""), &type, [&] { return enumeration_schema(type); });
  const bool is_new_to_side = (written_ ? of_responses_ : of_requests_).insert(&type).second;
  const bool apart = !written_ && two_sided_.contains(&type);
  const std::string name = free_name(type, short_name, apart ? "Input" : "");
  if (is_new_to_side && definitions_.contains(name)) object(type.object());  // notes what it leads to on this side
  return define(name, &type, [&] { return object(type.object()); });
}

Value Schemas::of(std::string_view name, const std::function<Value()>& make) { return define(name, nullptr, make); }

Value Schemas::define(std::string_view name, const Type* type, const std::function<Value()>& make) {
  if (!definitions_.contains(name)) {
    definitions_.emplace(name, Definition{type, {}});  // before its fields are looked at: they may lead back here
    Value schema = make();
    definitions_.find(name)->second.schema = std::move(schema);
  }
  return Value::object({{"$ref", prefix_ + std::string(name)}});
}

// The short name, or the qualified one when another type has the short one already.
std::string Schemas::free_name(const Type& type, std::string_view short_name, std::string_view side) const {
  const std::string name = std::string(short_name) + std::string(side);
  const auto taken = definitions_.find(name);
  if (taken == definitions_.end() || taken->second.type == &type) return name;
  std::string qualified;
  for (const char c : type.name) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') {
      qualified += c;
    } else if (!qualified.empty() && qualified.back() != '.') {
      qualified += '.';
    }
  }
  while (qualified.ends_with('.')) qualified.pop_back();
  return qualified.append(side);
}

Value Schemas::object(const Object& shape) {
  Value schema = Value::object({{"type", "object"}});
  if (!shape.description.empty()) schema["description"] = shape.description;
  Value properties = Value::object(), required = Value::array();
  if (!shape.tag.empty()) {
    properties[shape.tag_name] = Value::object({{"type", "string"}, {"const", shape.tag}});
    required.push_back(shape.tag_name);
  }
  for (const Field& field : shape.fields) {
    properties[field.name] = of(field);
    if (written_ ? is_always_written(field) : field.required) required.push_back(field.name);
  }
  schema["properties"] = std::move(properties);
  if (required.size() != 0) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

Value Schemas::sequence(const Type& type) {
  Value schema = Value::object({{"type", "array"}, {"items", of(*type.element)}});
  if (type.sequence->fixed_size != 0) {
    schema["minItems"] = type.sequence->fixed_size;
    schema["maxItems"] = type.sequence->fixed_size;
  }
  return schema;
}

Value Schemas::map(const Type& type) {
  Value schema = Value::object({{"type", "object"}, {"additionalProperties", of(*type.element)}});
  const Type& key = *type.map->key;
  if (key.kind == Kind::text || key.kind == Kind::enumeration) schema["propertyNames"] = of(key);
  if (key.kind == Kind::integer) schema["propertyNames"] = Value::object({{"pattern", "^-?[0-9]+$"}});
  return schema;
}

Value Schemas::optional(const Type& type) {
  return Value::object({{"anyOf", Value::array({of(*type.element), Value::object({{"type", "null"}})})}});
}

Value Schemas::variant(const Type& type) {
  Value alternatives = Value::array(), mapping = Value::object();
  std::string_view tag_name;
  bool tagged = true;
  for (const Type* alternative : type.variant->alternatives) {
    alternatives.push_back(of(*alternative));
    const Object* shape = alternative->kind == Kind::object ? &alternative->object() : nullptr;
    tagged = tagged && shape != nullptr && !shape->tag.empty();
    if (!tagged) continue;
    tag_name = shape->tag_name;
    mapping[shape->tag] = alternatives[alternatives.size() - 1]["$ref"];
  }
  if (!tagged) return Value::object({{"anyOf", std::move(alternatives)}});
  return Value::object(
      {{"oneOf", std::move(alternatives)},
       {"discriminator", Value::object({{"propertyName", tag_name}, {"mapping", std::move(mapping)}})}});
}

Value schema(const Type& type) {
  Schemas schemas;
  Value document = Value::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"}});
  const Value root = schemas.of(type);
  for (const Value::Member& member : root.as_object()) document[member.name] = member.value;
  if (schemas.definitions().size() != 0) document["$defs"] = schemas.definitions();
  return document;
}

}  // namespace marty::json
