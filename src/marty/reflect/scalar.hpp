// Scalars as one string: what a query parameter, a path segment, a header, an environment variable or a map key holds.
//
//   int limit;
//   std::string problem = reflect::from_text(reflect::type_of<int>(), "20", &limit);   // "" when it was read
#pragma once

#include <string>
#include <string_view>

#include "marty/reflect/type.hpp"

namespace marty::reflect {

// Whether values of the kind are one string outside: boolean, integer, number, string, text and enumeration.
constexpr bool is_scalar(Kind kind) { return kind <= Kind::enumeration; }

// Reads the whole of `text` into *object. Gives "" or what is wrong, such as "must be an integer"; then *object is
// unchanged. Booleans are true and false; numbers are written as in JSON, integers
// without fraction or exponent. REQUIRES a scalar type.
[[nodiscard]] std::string from_text(const Type& type, std::string_view text, void* object);

// Appends *object as from_text() reads it. REQUIRES a scalar type. Throws Error(internal) for an enumeration that holds
// a value without a name.
void to_text(const Type& type, const void* object, std::string& out);

// "must be an integer from 0 to 255", "must be true or false", "must be one of red, green": what from_text and the JSON
// reader answer to something else.
std::string expectation(const Type& type);

// A bound or example of a rule as JSON: an integer where it is one, else the shortest text that reads back equal.
std::string number_text(long double number);

// Outcome of the number readers below.
enum class NumberError : unsigned char { none, syntax, fraction, range };

// Reads a JSON number into an integer or floating-point object of `type`. 21.0 and 2.1e1 are integers.
NumberError read_number(const Type& type, std::string_view text, void* object);

}  // namespace marty::reflect
