// JSON Schema 2020-12 of a reflected type: what the reader accepts and the writer gives.
//
//   json::Value document = json::schema<NewPet>();          // {"$ref": "#/$defs/NewPet", "$defs": {...}}
//
//   json::Schemas schemas("#/components/schemas/");         // OpenAPI: one set of definitions for many types
//   json::Value body = schemas.of(type_of<NewPet>());       // {"$ref": "#/components/schemas/NewPet"}
//   document["components"]["schemas"] = schemas.definitions();
//
// Structs and enums become definitions under their own names; two of one name in different namespaces are told apart as
// "shop.Pet". Rules, defaults, examples and descriptions come with them. Untagged variants are anyOf, tagged ones oneOf
// with the discriminator of OpenAPI.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "marty/json/value.hpp"

namespace marty::json {

class Schemas {
 public:
  // `prefix` goes before the name of a definition in "$ref".
  explicit Schemas(std::string_view prefix = "#/$defs/") : prefix_(prefix) {}

  // The schema of a type; definitions it needs are added to this set.
  Value of(const reflect::Type& type);
  // The schema of a field: the one of its type with the rules, default and example of the field.
  Value of(const reflect::Field& field);
  // The one under that name, which `make` gives where it is not there yet: what no reflected type describes, such as a
  // message of protobuf. It may lead back to itself.
  Value of(std::string_view name, const std::function<Value()>& make);

  // All definitions so far, by name.
  Value definitions() const;

 private:
  struct Definition {
    const reflect::Type* type;  // null: of none
    Value schema;
  };

  Value reference(const reflect::Type& type);
  Value define(std::string_view name, const reflect::Type* type, const std::function<Value()>& make);
  std::string free_name(const reflect::Type& type, std::string_view short_name) const;
  Value object(const reflect::Object& shape);
  Value sequence(const reflect::Type& type);
  Value map(const reflect::Type& type);
  Value optional(const reflect::Type& type);
  Value variant(const reflect::Type& type);

  std::string prefix_;
  std::map<std::string, Definition, std::less<>> definitions_;
};

// A whole schema document.
Value schema(const reflect::Type& type);

template <class T>
Value schema() {
  return schema(reflect::type_of<T>());
}

}  // namespace marty::json
