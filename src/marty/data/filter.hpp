// Conditions and order of a list, from pointers to members or, for query strings, from names that are checked.
//
//   pets.list({.where = {where<&Pet::species> == "cat", where<&Pet::name>.starts_with("R")},
//              .sort = {descending<&Pet::age_months>}, .limit = 20});
//   where<&Pet::status>.in({Status::available, Status::pending});   where<&Pet::owner> == std::nullopt;
//   Filter<Pet>::parse("age_months", "lt", "12");                   SortKey<Pet>::parse("-age_months,name");
//
// All conditions have to hold. An empty std::optional on the right-hand side leaves its condition out, so that
// `where<&Pet::species> == query.species` filters only where the query asks for it; std::nullopt asks for null.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "marty/data/mapping.hpp"
#include "marty/data/value.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::data {

// is_null has no value, in has any number, the others have one.
enum class Operator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  starts_with,
  in,
  is_null,
  is_not_null
};

// One condition on a field of some struct.
struct Condition {
  const reflect::Field* field = nullptr;  // null: left out
  Operator operation = Operator::equal;
  std::vector<OwnedValue> values;

  // From outside names and texts: field, operator ("eq", "ne", "lt", "le", "gt", "ge", "starts_with", "in" with commas,
  // "is_null" with true or false; also "=", "!=", "<", "<=", ">", ">=") and value. Throws invalid_argument with the
  // nearest names, at "query." and the field. A write_only field, a password's hash, is none: who may ask for its order
  // learns it bit by bit.
  static Condition parse(const reflect::Type& type, std::string_view field, std::string_view operation,
                         std::string_view value);
};

// One field of the order.
struct SortColumn {
  const reflect::Field* field = nullptr;
  bool descending = false;

  // "-age_months,name": a minus sorts descending. Throws as Condition::parse() does; `place` is the parameter's.
  static std::vector<SortColumn> parse(const reflect::Type& type, std::string_view text,
                                       std::string_view place = "query.sort");
};

// A Condition on a field of T.
template <class T>
struct Filter {
  Condition condition;

  static Filter parse(std::string_view field, std::string_view operation, std::string_view value) {
    return {Condition::parse(reflect::type_of<T>(), field, operation, value)};
  }
};

// A SortColumn of T.
template <class T>
struct SortKey {
  SortColumn column;

  static std::vector<SortKey> parse(std::string_view text, std::string_view place = "query.sort") {
    std::vector<SortKey> keys;
    for (const SortColumn& column : SortColumn::parse(reflect::type_of<T>(), text, place)) keys.push_back({column});
    return keys;
  }
};

namespace internal {

// Throws Error(internal) where there is none, which a field of a described struct cannot be.
const reflect::Field& field_at(const reflect::Type& type, std::uint32_t offset);

// Each template here has the owner among its arguments: see reflect::internal::MemberPlace.
template <class Owner, auto Member>
const reflect::Field& field_of() {
  static const reflect::Field& found = [] -> const reflect::Field& {
    alignas(Owner) static char storage[sizeof(Owner)];
    return field_at(reflect::type_of<Owner>(), reflect::internal::MemberOf<Member>::place::offset(storage));
  }();
  return found;
}

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

OwnedValue owned(const reflect::Type& type, const void* object);

// The value as the field's column has it. Integers are not narrowed to the field's type: a too large one finds nothing.
template <class FieldValue, class V>
OwnedValue to_column(const V& value) {
  if constexpr (std::is_integral_v<FieldValue> && std::is_integral_v<V>) {
    return owned(reflect::type_of<V>(), &value);
  } else {
    static_assert(std::is_convertible_v<const V&, FieldValue>,
                  "this field cannot be compared with a value of that type");
    const FieldValue converted = value;
    return owned(reflect::type_of<FieldValue>(), &converted);
  }
}

template <class Owner, auto Member, class V>
Filter<Owner> compare(Operator operation, const V& value) {
  using FieldValue = typename reflect::internal::MemberOf<Member>::value;
  if constexpr (std::is_same_v<V, std::nullopt_t>) {
    return {{&field_of<Owner, Member>(), operation == Operator::equal ? Operator::is_null : Operator::is_not_null, {}}};
  } else if constexpr (kIsOptional<V>) {
    if (!value) return {};
    return compare<Owner, Member>(operation, *value);
  } else {
    return {{&field_of<Owner, Member>(), operation, {to_column<FieldValue>(value)}}};
  }
}

}  // namespace internal

// A field, to be compared: use it as where<&Pet::species>.
template <auto Member, class Owner = typename reflect::internal::MemberOf<Member>::owner>
struct Where {
  using FieldValue = typename reflect::internal::MemberOf<Member>::value;

  template <class V>
  friend Filter<Owner> operator==(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::equal, value);
  }
  template <class V>
  friend Filter<Owner> operator!=(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::not_equal, value);
  }
  template <class V>
  friend Filter<Owner> operator<(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::less, value);
  }
  template <class V>
  friend Filter<Owner> operator<=(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::less_equal, value);
  }
  template <class V>
  friend Filter<Owner> operator>(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::greater, value);
  }
  template <class V>
  friend Filter<Owner> operator>=(const Where&, const V& value) {
    return internal::compare<Owner, Member>(Operator::greater_equal, value);
  }

  // Case counts.
  template <class V>
  requires std::same_as<FieldValue, std::string> Filter<Owner> starts_with(const V& prefix)
  const { return internal::compare<Owner, Member>(Operator::starts_with, prefix); }
  // Any of the values; no value finds nothing.
  template <class Values = std::initializer_list<FieldValue>>
  Filter<Owner> in(const Values& values) const {
    Filter<Owner> filter{{&internal::field_of<Owner, Member>(), Operator::in, {}}};
    for (const auto& value : values) filter.condition.values.push_back(internal::to_column<FieldValue>(value));
    return filter;
  }
};

template <auto Member>
inline constexpr Where<Member> where{};

// An order by one field: use ascending<&Pet::name> and descending<&Pet::name>. Null comes last in both.
template <auto Member, bool Descending, class Owner = typename reflect::internal::MemberOf<Member>::owner>
struct SortBy {
  operator SortKey<Owner>() const {
    return {{&internal::field_of<Owner, Member>(), Descending}};
  }  // NOLINT: implicit on purpose
};

template <auto Member>
inline constexpr SortBy<Member, false> ascending{};
template <auto Member>
inline constexpr SortBy<Member, true> descending{};

}  // namespace marty::data

namespace marty {
using data::ascending;
using data::descending;
using data::SortKey;
using data::where;
}  // namespace marty
