// JSON (RFC 8259) straight into and out of reflected types, in one pass, without a document in between.
//
//   NewPet pet = json::parse<NewPet>(text);          // throws Error(invalid_argument) listing every invalid field
//   std::string text = json::to_string(pet);
//
// Reading is strict: unknown and duplicate names, wrong types, numbers that do not fit, missing fields, broken rules,
// invalid UTF-8, lone surrogates and anything behind the value are refused. Values that are wrong but well-formed are
// skipped, so that one reply names them all; a syntax error ends the list, with its line and column.
//
// How types are written:
//   integers           as numbers, also beyond 2^53 where JavaScript would round: use a string or an Id for such
//   float, double      the shortest text that reads back equal; NaN and infinity cannot be written
//   marty::Text types  as strings: Uuid, Timestamp, Decimal, Bytes (base64), your own
//   enums              by name
//   optional           an empty one is left out as a field, null as an element; null is read as empty
//   map                as an object; keys are strings, Text types, integers or enums
//   variant            whichever alternative the JSON type fits: put int before double. Among several structs, each
//                      has a `tag`: {"type": "card", ...}. An empty std::monostate is null
// Strings are written as UTF-8; an invalid byte becomes U+FFFD.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "marty/reflect/problems.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::json {

// What one input may cost. Depth counts nested arrays and objects; items are all elements and members of sequences,
// maps and Values together (they bound the memory that a small text can ask for).
struct Limits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 64;
  std::size_t max_items = 100'000;
  std::size_t max_errors = 100;
};

// From whose side an object is seen: request() refuses read-only fields and does not write them; response neither
// writes nor expects write-only ones; full (storage, events, tests) has them all.
enum class View : unsigned char { full, request, response };

// Reads the whole of `text` into *object, a default object of `type`. False: `problems` says why, and *object holds
// what could be read.
bool parse_into(const reflect::Type& type, void* object, std::string_view text, const Limits& limits, View view,
                Problems& problems);

// As above. Throws Error(invalid_argument) with the problems as its fields.
void parse_or_throw(const reflect::Type& type, void* object, std::string_view text, const Limits& limits, View view);

template <class T>
T parse(std::string_view text, const Limits& limits = {}, View view = View::full) {
  T object{};
  parse_or_throw(reflect::type_of<T>(), &object, text, limits, view);
  return object;
}

// Appends *object. Throws Error(internal), leaving `out` as it was, for NaN, infinity and an enum value without a name.
void write(std::string& out, const reflect::Type& type, const void* object, View view = View::full);

template <class T>
void write(std::string& out, const T& object, View view = View::full) {
  write(out, reflect::type_of<T>(), &object, view);
}

template <class T>
std::string to_string(const T& object, View view = View::full) {
  std::string out;
  write(out, object, view);
  return out;
}

// Appends `text` as a JSON string, with its quotes.
void write_string(std::string& out, std::string_view text);

}  // namespace marty::json
