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
//
// What is sent has more members for certain than what must be given: a field with a default may be left out of a
// request, and is in every response. View::response says so; a type that is described both ways, and differs, is
// PetInput where it is read. To know which are: describe everything once, and again with a set that takes over() from
// the first.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "marty/json/json.hpp"
#include "marty/json/value.hpp"

namespace marty::json {

class Schemas {
 public:
  // `prefix` goes before the name of a definition in "$ref".
  explicit Schemas(std::string_view prefix = "#/$defs/") : prefix_(prefix) {}

  // Names the types that `first` has described both ways apart. REQUIRES an empty set.
  void take_over(const Schemas& first);

  // The schema of a type as it is written (View::response) or read (otherwise); definitions it needs are added to this
  // set.
  Value of(const reflect::Type& type, View view);
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
  std::string free_name(const reflect::Type& type, std::string_view short_name, std::string_view side) const;
  Value object(const reflect::Object& shape);
  Value sequence(const reflect::Type& type);
  Value map(const reflect::Type& type);
  Value optional(const reflect::Type& type);
  Value variant(const reflect::Type& type);

  static bool differs(const reflect::Type& type, std::set<const reflect::Type*>& seen);

  std::string prefix_;
  bool written_ = false;                                       // what is described now is View::response
  std::set<const reflect::Type*> of_responses_, of_requests_;  // structs
  std::set<const reflect::Type*> two_sided_;                   // with names of their own for each side
  std::map<std::string, Definition, std::less<>> definitions_;
};

// A whole schema document.
Value schema(const reflect::Type& type);

template <class T>
Value schema() {
  return schema(reflect::type_of<T>());
}

}  // namespace marty::json
