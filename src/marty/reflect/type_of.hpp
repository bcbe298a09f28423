// type_of<T>(): the Type of a compile-time type. See type.hpp for what it says and how to use it.
//
//   struct Owner { std::string name; std::vector<Pet> pets; };      // any aggregate, no macro
//   const reflect::Type& type = reflect::type_of<Owner>();
//
// Described are: bool, integers, float, double, std::string, types with a marty::Text, enums, aggregates, std::vector,
// std::array, std::deque, std::map and the like, std::optional, std::unique_ptr, std::variant, json::Value, and
// whatever is built from them, also recursively. Every type must be default constructible.
//
// A struct may declare, besides its fields:
//   static constexpr auto rules = marty::rules(...);             // see rules.hpp
//   static constexpr std::string_view tag = "card";              // it carries "type": "card"; needed in a variant
//   static constexpr std::string_view tag_name = "kind";         // ... under another name than "type"
//   void check(marty::Problems& problems) const;                 // see problems.hpp
//
// A field is required on input unless it is optional or its default member initialiser gives it a value; a number
// without one, and an empty string, container or nil text, is required. rules().optional() overrides that.
#pragma once

#include <array>
#include <new>
#include <utility>
#include <variant>

#include "marty/reflect/names.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/reflect/type.hpp"

namespace marty::reflect {

template <class T>
constexpr const Type& type_of();

// True for the one free-form type, json::Value.
template <class T>
inline constexpr bool kIsAny = false;

namespace internal {

// What build_object() starts from.
struct FieldSource {
  const Type* type;
  std::uint32_t offset;
};
struct ObjectSource {
  const Type* type;
  std::string_view field_list;  // as names.hpp prints it
  std::span<const FieldSource> fields;
  const void* defaults;                       // a T{} that is never destroyed
  void (*default_initialise)(void* storage);  // new (storage) T, which leaves what has no initialiser as it was
  std::span<const RuleEntry> rules;
  Description about;
  std::string_view tag_name, tag;
  void (*check)(const void* object, Problems& problems);
};

// Both give an object that is never destroyed: descriptions outlive every other static object.
const Object& build_object(const ObjectSource& source);
const Enumeration& build_enumeration(const Type& type, std::string_view enumerator_list, std::int64_t first);

template <class T>
concept SequenceLike = requires(T& t) {
  typename T::value_type;
  t.size();
  t[0];
}
&&!requires { typename T::mapped_type; }
&&!requires { typename T::traits_type; };
template <class T>
concept MapLike = requires(T& t) {
  typename T::mapped_type;
  t.try_emplace(typename T::key_type{});
};
template <class T>
concept OptionalLike = requires(T& t) {
  typename T::value_type;
  t.has_value();
  t.emplace();
};
template <class T>
concept UniquePointer = requires(T& t) {
  typename T::deleter_type;
  t.reset(new typename T::element_type{});
};

template <class T>
inline constexpr bool kIsVariant = false;
template <class... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;

template <class T>
void construct(void* storage) {
  ::new (storage) T{};
}
template <class T>
void destroy(void* object) {
  static_cast<T*>(object)->~T();
}
template <class T>
T& as(void* object) {
  return *static_cast<T*>(object);
}
template <class T>
const T& as(const void* object) {
  return *static_cast<const T*>(object);
}

template <class T>
constexpr bool plain_text() {
  if constexpr (requires { Text<T>::plain; })
    return Text<T>::plain;
  else
    return false;
}

template <class T>
constexpr auto text_append() -> void (*)(std::string&, const void*) {
  if constexpr (HasText<T>)
    return [](std::string& out, const void* value) { Text<T>::append(out, as<T>(value)); };
  else
    return nullptr;
}

template <class T>
inline constexpr TextOperations kText{
    .format = Text<T>::format,
    .expected = Text<T>::expected,
    .append = text_append<T>(),
    .parse = [](std::string_view text, void* value) { return Text<T>::parse(text, as<T>(value)); },
    .plain = plain_text<T>(),
};

template <class T>
constexpr std::size_t fixed_size() {
  if constexpr (requires(T & t) { t.emplace_back(); })
    return 0;
  else
    return std::tuple_size_v<T>;
}

template <class T>
void* append_element(void* sequence) {
  if constexpr (fixed_size<T>() == 0) {
    T& elements = as<T>(sequence);
    if constexpr (requires { elements.reserve(1); }) {
      // Growing 1, 2, 4 costs three allocations for what is most often a handful.
      if (elements.capacity() == 0) elements.reserve(sizeof(typename T::value_type) <= 256 ? 4 : 1);
    }
    return &elements.emplace_back();
  }
  return nullptr;
}

template <class T>
inline constexpr SequenceOperations kSequence{
    .fixed_size = fixed_size<T>(),
    .size = [](const void* sequence) { return static_cast<std::size_t>(as<T>(sequence).size()); },
    .at = [](void* sequence, std::size_t index) { return static_cast<void*>(&as<T>(sequence)[index]); },
    .append = append_element<T>,
    .clear =
        [](void* sequence) {
          if constexpr (fixed_size<T>() == 0) {
            as<T>(sequence).clear();
          } else {
            as<T>(sequence) = T{};
          }
        },
};

template <class T>
inline constexpr MapOperations kMap{
    .key = &type_of<typename T::key_type>(),
    .size = [](const void* map) { return static_cast<std::size_t>(as<T>(map).size()); },
    .insert =
        [](void* map, void* key) {
          const auto [position, inserted] = as<T>(map).try_emplace(std::move(as<typename T::key_type>(key)));
          return inserted ? static_cast<void*>(&position->second) : nullptr;
        },
    .clear = [](void* map) { as<T>(map).clear(); },
    .for_each =
        [](const void* map, void* context, void (*visit)(void*, const void*, const void*)) {
          for (const auto& [key, value] : as<T>(map)) visit(context, &key, &value);
        },
};

template <OptionalLike T>
constexpr OptionalOperations optional_operations() {
  return {
      .get =
          [](void* optional) { return as<T>(optional).has_value() ? static_cast<void*>(&*as<T>(optional)) : nullptr; },
      .emplace = [](void* optional) { return static_cast<void*>(&as<T>(optional).emplace()); },
      .reset = [](void* optional) { as<T>(optional).reset(); }};
}
template <UniquePointer T>
constexpr OptionalOperations optional_operations() {
  return {.get = [](void* pointer) { return static_cast<void*>(as<T>(pointer).get()); },
          .emplace =
              [](void* pointer) {
                as<T>(pointer).reset(new typename T::element_type{});
                return static_cast<void*>(as<T>(pointer).get());
              },
          .reset = [](void* pointer) { as<T>(pointer).reset(); }};
}
template <class T>
inline constexpr OptionalOperations kOptional = optional_operations<T>();

template <class T>
struct Variant;
template <class... Ts>
struct Variant<std::variant<Ts...>> {
  using Self = std::variant<Ts...>;
  static constexpr const Type* kAlternatives[] = {&type_of<Ts>()...};

  static void* get(void* variant) {
    return std::visit([](auto& alternative) { return static_cast<void*>(&alternative); }, as<Self>(variant));
  }
  template <std::size_t... I>
  static void* emplace(void* variant, std::size_t index, std::index_sequence<I...>) {
    void* alternative = nullptr;
    (void)((I == index && (alternative = &as<Self>(variant).template emplace<I>(), true)) || ...);
    return alternative;
  }
  static constexpr VariantOperations kOperations{
      .alternatives = kAlternatives,
      .index = [](const void* variant) { return as<Self>(variant).index(); },
      .get = get,
      .emplace = [](void* variant,
                    std::size_t index) { return emplace(variant, index, std::index_sequence_for<Ts...>{}); },
  };
};

template <class T>
const Enumeration& enumeration() {
  static const Enumeration& built = build_enumeration(type_of<T>(), enumerator_list<T>(), EnumRange<T>::min);
  return built;
}

template <class T>
constexpr std::string_view tag_of() {
  if constexpr (requires {
                  { &T::tag } -> std::convertible_to<const std::string_view*>;
                })
    return T::tag;
  else
    return {};
}
template <class T>
constexpr std::string_view tag_name_of() {
  if constexpr (requires {
                  { &T::tag_name } -> std::convertible_to<const std::string_view*>;
                })
    return T::tag_name;
  else if constexpr (requires {
                       { &T::tag } -> std::convertible_to<const std::string_view*>;
                     })
    return "type";
  else
    return {};
}

template <class T>
void add_rules(ObjectSource& source) {
  if constexpr (requires { T::rules.entries; }) {
    using Owner = typename std::remove_cvref_t<decltype(T::rules)>::Owner;
    static_assert(std::is_void_v<Owner> || std::is_same_v<Owner, T>,
                  "the rules of a struct name fields of another one");
    source.rules = T::rules.entries;
    source.about = T::rules.about;
  }
  if constexpr (requires(const T& object, Problems& problems) { object.check(problems); }) {
    source.check = [](const void* object, Problems& problems) { as<T>(object).check(problems); };
  }
}

template <class T, std::size_t... I>
const Object& object_of(std::index_sequence<I...> indices) {
  static const T& defaults = *new T{};
  [[maybe_unused]] const auto source_of = []<class Member>(const Member& member) {
    const auto offset = reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(&defaults);
    return FieldSource{&type_of<Member>(), static_cast<std::uint32_t>(offset)};
  };
  [[maybe_unused]] const auto members = fields_of(defaults);
  const std::array<FieldSource, sizeof...(I)> fields{source_of(std::get<I>(members))...};
  ObjectSource source{.type = &type_of<T>(),
                      .field_list = field_list<T>(indices),
                      .fields = fields,
                      .defaults = &defaults,
                      .default_initialise = [](void* storage) { ::new (storage) T; },
                      .rules = {},
                      .about = {},
                      .tag_name = tag_name_of<T>(),
                      .tag = tag_of<T>(),
                      .check = nullptr};
  add_rules<T>(source);
  return build_object(source);
}

template <class T>
const Object& object() {
  static const Object& built = object_of<T>(std::make_index_sequence<kFieldCount<T>>{});
  return built;
}

template <class T>
constexpr Kind kind_of() {
  if constexpr (ReadsText<T>)
    return Kind::text;
  else if constexpr (std::is_same_v<T, bool>)
    return Kind::boolean;
  else if constexpr (std::is_integral_v<T>)
    return Kind::integer;
  else if constexpr (std::is_floating_point_v<T>)
    return Kind::number;
  else if constexpr (std::is_same_v<T, std::string>)
    return Kind::string;
  else if constexpr (std::is_enum_v<T>)
    return Kind::enumeration;
  else if constexpr (std::is_same_v<T, std::monostate>)
    return Kind::null;
  else if constexpr (kIsAny<T>)
    return Kind::any;
  else if constexpr (kIsVariant<T>)
    return Kind::variant;
  else if constexpr (OptionalLike<T> || UniquePointer<T>)
    return Kind::optional;
  else if constexpr (MapLike<T>)
    return Kind::map;
  else if constexpr (SequenceLike<T>)
    return Kind::sequence;
  else if constexpr (std::is_aggregate_v<T> && std::is_class_v<T>)
    return Kind::object;
  else
    static_assert(sizeof(T) == 0,
                  "marty cannot describe this type: make it an aggregate, or specialise marty::Text for it");
}

template <class T>
constexpr Type make_type() {
  constexpr Kind kind = kind_of<T>();
  static_assert(std::is_default_constructible_v<T>, "a described type must be default constructible");
  Type type{.kind = kind, .size = sizeof(T), .name = type_name<T>(), .construct = construct<T>, .destroy = destroy<T>};
  if constexpr (kind == Kind::integer) {
    static_assert(sizeof(T) <= 8 && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t>,
                  "marty cannot describe a character: use std::string, or std::int8_t for a small number");
    type.is_signed = std::is_signed_v<T>;
  } else if constexpr (kind == Kind::number) {
    static_assert(sizeof(T) <= 8, "marty describes float and double, not long double");
  } else if constexpr (kind == Kind::enumeration) {
    type.is_signed = std::is_signed_v<std::underlying_type_t<T>>;
    type.enumeration = enumeration<T>;
  } else if constexpr (kind == Kind::text) {
    type.text = &kText<T>;
  } else if constexpr (kind == Kind::sequence) {
    static_assert(!std::is_same_v<typename T::value_type, bool>, "std::vector<bool> has no elements to point to");
    type.sequence = &kSequence<T>;
    type.element = &type_of<typename T::value_type>();
  } else if constexpr (kind == Kind::map) {
    static_assert(kind_of<typename T::key_type>() <= Kind::enumeration, "the keys of a map must be scalars");
    type.map = &kMap<T>;
    type.element = &type_of<typename T::mapped_type>();
  } else if constexpr (kind == Kind::optional) {
    type.optional = &kOptional<T>;
    type.element = &type_of<typename RuledValue<T>::type>();
  } else if constexpr (kind == Kind::any) {
    type.is_null = [](const void* any) { return as<T>(any).is_null(); };
  } else if constexpr (kind == Kind::variant) {
    type.variant = &Variant<T>::kOperations;
  } else if constexpr (kind == Kind::object) {
    type.object = object<T>;
  }
  return type;
}

template <class T>
inline constexpr Type kType = make_type<T>();

}  // namespace internal

template <class T>
constexpr const Type& type_of() {
  return internal::kType<std::remove_cv_t<T>>;
}

}  // namespace marty::reflect
