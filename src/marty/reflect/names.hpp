// The names of types, fields and enumerators, as the compiler prints them in __PRETTY_FUNCTION__ (GCC; clang, where it
// differs). One template is
// instantiated for all fields of a struct, and one for all enumerators of an enum; the text is taken apart at run time,
// once. For type_of.hpp; nobody else needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "marty/reflect/decompose.hpp"

namespace marty::reflect {

// Which values of an enum are looked at: all of one byte, else -16 to 127. Specialise it for an enum with others; at
// most 4096 values.
template <class Enum>
struct EnumRange {
  using Underlying = std::underlying_type_t<Enum>;
  static constexpr bool kOneByte = sizeof(Enum) == 1;
  static constexpr std::int64_t min =
      kOneByte ? static_cast<std::int64_t>(std::numeric_limits<Underlying>::min()) : -16;
  static constexpr std::int64_t max =
      kOneByte ? static_cast<std::int64_t>(std::numeric_limits<Underlying>::max()) : 127;
};

namespace internal {

#ifdef __clang__
inline constexpr std::string_view kTypeEnd = "]";     // "... [T = petstore::Pet]"
inline constexpr std::string_view kAddressEnd = "}";  // "Address<const int *>{&phantom.object.age}"
inline constexpr char kListBegin = '<', kListEnd = '>';
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#else
inline constexpr std::string_view kTypeEnd =
    "; std::string_view";                              // "... [with T = petstore::Pet; std::string_view = ...]"
inline constexpr std::string_view kAddressEnd = ")}";  // "Address<const int*>{(& phantom<...>.object.Pet::age)}"
inline constexpr char kListBegin = '{', kListEnd = '}';
#endif

template <class T>
constexpr std::string_view type_name() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t begin = text.find("T = ") + 4;
  return text.substr(begin, text.rfind(kTypeEnd) - begin);
}

// An object that exists in name only: the addresses of its members are constants, and print with the members' names.
template <class T>
struct Phantom {
  const T object;
};
template <class T>
extern const Phantom<T> phantom;

template <class Pointer>
struct Address {
  Pointer pointer;
};

template <auto... Addresses>
constexpr std::string_view print_addresses() {
  return __PRETTY_FUNCTION__;
}

template <class T, std::size_t... I>
constexpr std::string_view field_list(std::index_sequence<I...>) {
  return print_addresses<Address{&std::get<I>(fields_of(phantom<T>.object))}...>();
}

template <auto... Values>
constexpr std::string_view print_values() {
  return __PRETTY_FUNCTION__;
}

template <class Enum>
constexpr std::string_view enumerator_list() {
  using Range = EnumRange<Enum>;
  static_assert(Range::min <= Range::max && Range::max - Range::min < 4096);
  return []<std::int64_t... I>(std::integer_sequence<std::int64_t, I...>) {
    return print_values<static_cast<Enum>(Range::min + I)...>();
  }
  (std::make_integer_sequence<std::int64_t, Range::max - Range::min + 1>{});
}

}  // namespace internal
}  // namespace marty::reflect
