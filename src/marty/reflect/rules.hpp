// Rules: what a field must satisfy and how it is described, written once beside the struct.
//
//   struct NewPet {
//     std::string name;
//     int age_months = 0;
//     static constexpr auto rules = marty::rules(
//         marty::describe("A pet to be added"),
//         marty::field<&NewPet::name>.length(1, 80).example("Rex").description("What the owner calls it"),
//         marty::field<&NewPet::age_months>.range(0, 600));
//   };
//
// JSON parsing, query binding and configuration check them; JSON Schema and OpenAPI show them. On an optional field a
// rule speaks of the value, if there is one. A rule that makes no sense for the type of its field, or names a field of
// another struct, does not compile; a default or an example that breaks the field's own rules throws on first use.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "marty/base/text.hpp"

namespace marty::reflect {

class Pattern;  // a compiled regular expression

// One end of a range. A long double holds every 64-bit integer and every double exactly.
struct Bound {
  long double value;
  bool exclusive;
};

// An example value: text, number or boolean.
struct Example {
  enum class Kind : std::uint8_t { none, string, number, boolean };
  Kind kind = Kind::none;
  std::string_view text;
  long double number = 0;  // 0 or 1 for a boolean
};

// The rules of one field. Empty and absent members say nothing.
struct Rules {
  static constexpr std::size_t kMaxChoices = 16;

  std::string_view name;  // another name outside than in C++
  std::string_view title;
  std::string_view description;
  std::string_view pattern;  // RE2 syntax, found anywhere in the value (JSON Schema "pattern")
  std::string_view format;   // one of known_format()
  Example example;
  std::optional<Bound> minimum, maximum;
  std::optional<std::size_t> min_length, max_length;  // characters (code points)
  std::optional<std::size_t> min_items, max_items;    // elements of a sequence or map
  std::array<std::string_view, kMaxChoices> choices{};
  std::size_t choice_count = 0;
  bool unique = false;
  bool optional = false;
  bool read_only = false;
  bool write_only = false;
  bool deprecated = false;
  bool reloadable = false;
  const Pattern* compiled = nullptr;  // of `pattern`; set when the description is built
};

// The formats whose check is built in.
constexpr bool known_format(std::string_view format) {
  return format == "email" || format == "uri" || format == "hostname" || format == "ipv4" || format == "ipv6";
}

namespace internal {

// What the rules of a field of type T speak of: the value inside an optional, else the field itself.
template <class T>
struct RuledValue {
  using type = T;
};
template <class T>
requires requires(const T& optional) { optional.has_value(); }
struct RuledValue<T> {
  using type = typename T::value_type;
};
template <class T>
requires requires { typename T::deleter_type; }
struct RuledValue<T> {
  using type = typename T::element_type;
};

template <class T>
concept RuledNumber = std::is_arithmetic_v<T> && !std::same_as<T, bool>;
template <class T>
concept RuledContainer = !std::same_as<T, std::string> && !ReadsText<T> && requires(const T& t) {
  t.size();
};
template <class T>
concept RuledScalar = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::string> || HasText<T>;

template <class T>
struct ElementOf {
  static constexpr bool scalar = false;
};
template <RuledContainer T>
struct ElementOf<T> {
  static constexpr bool scalar = RuledScalar<typename T::value_type>;
};

// Named by the types themselves: for GCC 12 a pointer to a member of a struct without a name outside of its file is a
// name for all files, and two of these structs may have the same.
template <class Owner, class Value, Value Owner::*Member>
struct MemberPlace {
  static std::uint32_t offset(const void* object) {
    const auto* address = &(static_cast<const Owner*>(object)->*Member);
    return static_cast<std::uint32_t>(reinterpret_cast<const char*>(address) - static_cast<const char*>(object));
  }
};

template <auto Member>
struct MemberOf;
template <class Owner, class Value, Value Owner::*Member>
struct MemberOf<Member> {
  using owner = Owner;
  using value = typename RuledValue<Value>::type;
  using place = MemberPlace<Owner, Value, Member>;
};

// Not constexpr: reaching it while the rules are evaluated is the compile error, and its name and text are the reason.
inline void wrong_rule(const char*) {}

// The rules of a field, and how to find the field.
struct RuleEntry {
  Rules rules;
  std::uint32_t (*offset)(const void* object);
};

}  // namespace internal
}  // namespace marty::reflect

namespace marty {

// The rules of one field, built up by the methods; each gives a changed copy. Use it as marty::field<&Pet::name>.
template <auto Member>
class FieldRules {
 public:
  using Owner = typename reflect::internal::MemberOf<Member>::owner;
  using Value = typename reflect::internal::MemberOf<Member>::value;

  // Numbers: both ends are allowed values.
  template <class Number>
  constexpr FieldRules range(Number lowest, Number highest) const {
    if (lowest > highest) reflect::internal::wrong_rule("range(): the lowest value is greater than the highest");
    return min(lowest).max(highest);
  }
  template <class Number>
  constexpr FieldRules min(Number lowest) const {
    return with_bounds([&](reflect::Rules& rules) { rules.minimum = {static_cast<long double>(lowest), false}; });
  }
  template <class Number>
  constexpr FieldRules max(Number highest) const {
    return with_bounds([&](reflect::Rules& rules) { rules.maximum = {static_cast<long double>(highest), false}; });
  }
  template <class Number>
  constexpr FieldRules greater_than(Number bound) const {
    return with_bounds([&](reflect::Rules& rules) { rules.minimum = {static_cast<long double>(bound), true}; });
  }
  template <class Number>
  constexpr FieldRules less_than(Number bound) const {
    return with_bounds([&](reflect::Rules& rules) { rules.maximum = {static_cast<long double>(bound), true}; });
  }

  // Strings: characters (Unicode code points), not bytes.
  constexpr FieldRules length(std::size_t shortest, std::size_t longest) const {
    if (shortest > longest) reflect::internal::wrong_rule("length(): the shortest is longer than the longest");
    return min_length(shortest).max_length(longest);
  }
  constexpr FieldRules min_length(std::size_t shortest) const {
    return with_string([&](reflect::Rules& rules) { rules.min_length = shortest; });
  }
  constexpr FieldRules max_length(std::size_t longest) const {
    return with_string([&](reflect::Rules& rules) { rules.max_length = longest; });
  }
  // RE2 syntax, found anywhere in the value: anchor it with ^ and $.
  constexpr FieldRules pattern(std::string_view expression) const {
    return with_string([&](reflect::Rules& rules) { rules.pattern = expression; });
  }
  // "email", "uri", "hostname", "ipv4" or "ipv6".
  constexpr FieldRules format(std::string_view name) const {
    if (!reflect::known_format(name)) reflect::internal::wrong_rule("format(): no such format");
    return with_string([&](reflect::Rules& rules) { rules.format = name; });
  }
  // The allowed values. For a closed set that code branches on, prefer an enum.
  template <std::convertible_to<std::string_view>... Choices>
  constexpr FieldRules one_of(Choices... choices) const {
    static_assert(sizeof...(Choices) <= reflect::Rules::kMaxChoices, "one_of(): too many choices; use an enum");
    return with_string([&](reflect::Rules& rules) {
      rules.choices = {std::string_view(choices)...};
      rules.choice_count = sizeof...(Choices);
    });
  }

  // Sequences and maps: how many elements.
  constexpr FieldRules items(std::size_t fewest, std::size_t most) const {
    if (fewest > most) reflect::internal::wrong_rule("items(): the fewest are more than the most");
    return min_items(fewest).max_items(most);
  }
  constexpr FieldRules min_items(std::size_t fewest) const {
    return with_items([&](reflect::Rules& rules) { rules.min_items = fewest; });
  }
  constexpr FieldRules max_items(std::size_t most) const {
    return with_items([&](reflect::Rules& rules) { rules.max_items = most; });
  }
  // No two elements are equal.
  constexpr FieldRules unique() const {
    static_assert(reflect::internal::ElementOf<Value>::scalar, "unique() is a rule for a sequence of scalars");
    return with([](reflect::Rules& rules) { rules.unique = true; });
  }

  // Any field. optional(): input may leave it out. read_only(): a request must not name it. write_only(): a response
  // leaves it out.
  constexpr FieldRules optional() const {
    return with([](reflect::Rules& rules) { rules.optional = true; });
  }
  constexpr FieldRules read_only() const {
    return with([](reflect::Rules& rules) { rules.read_only = true; });
  }
  constexpr FieldRules write_only() const {
    return with([](reflect::Rules& rules) { rules.write_only = true; });
  }
  constexpr FieldRules deprecated() const {
    return with([](reflect::Rules& rules) { rules.deprecated = true; });
  }
  // In configuration: it, and all below it, may change while the program runs. Other fields need a restart.
  constexpr FieldRules reloadable() const {
    return with([](reflect::Rules& rules) { rules.reloadable = true; });
  }
  constexpr FieldRules name(std::string_view name) const {
    return with([&](reflect::Rules& rules) { rules.name = name; });
  }
  constexpr FieldRules title(std::string_view text) const {
    return with([&](reflect::Rules& rules) { rules.title = text; });
  }
  constexpr FieldRules description(std::string_view text) const {
    return with([&](reflect::Rules& rules) { rules.description = text; });
  }

  // A value to show in the documentation; it has to satisfy the field's rules.
  constexpr FieldRules example(std::string_view text) const {
    static_assert(std::same_as<Value, std::string> || HasText<Value> || std::is_enum_v<Value>,
                  "example(): the field is not written as a string");
    return with([&](reflect::Rules& rules) { rules.example = {reflect::Example::Kind::string, text, 0}; });
  }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr FieldRules example(Number value) const {
    static_assert(std::is_arithmetic_v<Value>, "example(): the field is not written as a number or boolean");
    static_assert(std::same_as<Value, bool> == std::same_as<Number, bool>, "example(): true and false are for bool");
    constexpr auto kind = std::same_as<Number, bool> ? reflect::Example::Kind::boolean : reflect::Example::Kind::number;
    return with([&](reflect::Rules& rules) { rules.example = {kind, {}, static_cast<long double>(value)}; });
  }

  constexpr const reflect::Rules& get() const { return rules_; }

 private:
  template <class Change>
  constexpr FieldRules with(Change change) const {
    FieldRules changed = *this;
    change(changed.rules_);
    return changed;
  }
  template <class Change>
  constexpr FieldRules with_bounds(Change change) const {
    static_assert(reflect::internal::RuledNumber<Value>, "range(), min() and max() are rules for numbers");
    return with(change);
  }
  template <class Change>
  constexpr FieldRules with_string(Change change) const {
    static_assert(std::same_as<Value, std::string>,
                  "length(), pattern(), format() and one_of() are rules for std::string");
    return with(change);
  }
  template <class Change>
  constexpr FieldRules with_items(Change change) const {
    static_assert(reflect::internal::RuledContainer<Value>, "items() is a rule for sequences and maps");
    return with(change);
  }

  reflect::Rules rules_;
};

template <auto Member>
inline constexpr FieldRules<Member> field{};

// What a whole struct is.
struct Description {
  std::string_view text;
};

constexpr Description describe(std::string_view text) { return {text}; }

// All rules of a struct.
template <class OwnerType, std::size_t N>
struct RuleSet {
  using Owner = OwnerType;
  Description about;
  std::array<reflect::internal::RuleEntry, N> entries;
};

template <auto First, auto... Rest>
constexpr auto rules(Description about, FieldRules<First> first, FieldRules<Rest>... rest) {
  using Owner = typename FieldRules<First>::Owner;
  static_assert((std::same_as<Owner, typename FieldRules<Rest>::Owner> && ...), "rules(): fields of different structs");
  return RuleSet<Owner, 1 + sizeof...(Rest)>{about,
                                             {{{first.get(), &reflect::internal::MemberOf<First>::place::offset},
                                               {rest.get(), &reflect::internal::MemberOf<Rest>::place::offset}...}}};
}

template <auto First, auto... Rest>
constexpr auto rules(FieldRules<First> first, FieldRules<Rest>... rest) {
  return rules(Description{}, first, rest...);
}

constexpr RuleSet<void, 0> rules(Description about) { return {about, {}}; }

}  // namespace marty
