// validate(): whether an object satisfies the rules of its struct, all problems at once.
//
//   std::vector<FieldError> errors = reflect::validate(order);   // {"/items/2/quantity", "must be at least 1"}
//
// JSON parsing, query binding and configuration have done this already for what they hand out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::reflect {

// Everything wrong with *object and what is inside it: rules of fields, then check() of each struct without problems.
std::vector<FieldError> validate(const Type& type, const void* object);
void validate(const Type& type, const void* object, const Path& path, Problems& problems);

template <class T>
std::vector<FieldError> validate(const T& object) {
  return validate(type_of<T>(), &object);
}

// For readers, which check while they read: only the rules of one field, without going into the fields of its value;
// and only check() of one struct.
void check_rules(const Rules& rules, const Type& type, const void* value, const Path& path, Problems& problems);
void check_object(const Object& object, const void* value, const Path& path, Problems& problems);

}  // namespace marty::reflect
