// For tests: the settings of a section as rows of a table in Markdown, as its struct tells them.
#pragma once

#include <string>

#include "marty/json/json.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::service::internal {

inline std::string default_text(const reflect::Field& field) {
  if (field.required) return "(required)";
  if (field.type->kind == reflect::Kind::sequence && field.default_value == nullptr) return "`[]`";
  if (field.default_value == nullptr) return "";
  std::string text;
  json::write(text, *field.type, field.default_value, json::View::response);
  const json::Value value = json::Value::parse(text);
  return "`" + (value.is_string() ? value.as_string() : text) + "`";
}

inline std::string meaning(const reflect::Field& field, const reflect::Type& type) {
  std::string text = field.rules != nullptr ? std::string(field.rules->description) : std::string();
  if (field.rules != nullptr && field.rules->reloadable) text += " (changes at run time)";
  if (type.kind != reflect::Kind::enumeration) return text;
  std::string names;
  for (const auto& enumerator : type.enumeration().enumerators)
    names += (names.empty() ? "" : ", ") + std::string(enumerator.name);
  return text + (text.empty() ? "" : ": ") + names;
}

inline void append_rows(std::string& out, const std::string& prefix, const reflect::Type& section) {
  for (const reflect::Field& field : section.object().fields) {
    const reflect::Type& type = field.type->kind == reflect::Kind::optional ? *field.type->element : *field.type;
    const std::string key = prefix + "." + std::string(field.name);
    if (type.kind == reflect::Kind::object) {
      append_rows(out, key, type);
    } else if (type.kind == reflect::Kind::sequence && type.element->kind == reflect::Kind::object) {
      append_rows(out, key + "[]", *type.element);
    } else {
      out += "| `" + key + "` | " + default_text(field) + " | " + meaning(field, type) + " |\n";
    }
  }
}

}  // namespace marty::service::internal
