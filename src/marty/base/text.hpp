// Text<T>: how a type is written as one string. A type with a Text is a scalar everywhere: a JSON string, a query
// parameter, a path segment, a configuration value, a SQL column, a map key.
//
//   template <> struct marty::Text<Isbn> {
//     static constexpr std::string_view format = "isbn";                        // JSON Schema "format"
//     static constexpr std::string_view expected = "an ISBN such as 9783161484100";  // completes "must be ..."
//     static void append(std::string& out, const Isbn& isbn) { out += isbn.digits; }
//     static bool parse(std::string_view text, Isbn& isbn);                     // false: refused, isbn unchanged
//   };
//
// Specialise it beside the type, before the type is first used in a reflected struct. `append` of a value followed by
// `parse` must give an equal value back.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace marty {

template <class T>
struct Text;  // only specialisations are defined

// Whether T can be read from a text. One that cannot be written besides – a Secret – is a write-only field.
template <class T>
concept ReadsText = requires(std::string_view text, T& value) {
  { Text<T>::format } -> std::convertible_to<std::string_view>;
  { Text<T>::expected } -> std::convertible_to<std::string_view>;
  { Text<T>::parse(text, value) } -> std::same_as<bool>;
};

// Whether T has a whole Text.
template <class T>
concept HasText = ReadsText<T> && requires(std::string& out, const T& constant) {
  Text<T>::append(out, constant);
};

}  // namespace marty
