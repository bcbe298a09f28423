// The one runtime description of a type. JSON, JSON Schema, validation, configuration, query binding and SQL rows are
// ordinary code over these tables; only type_of.hpp, which fills them from a compile-time type, is a template.
//
//   const Type& type = type_of<Pet>();
//   for (const Field& field : type.object().fields) visit(field.name, *field.type, field.in(&pet));
//
// A `void*` beside a Type points to a living object of exactly that type. Everything here is immutable, lives as long
// as the program and may be read by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace marty {
class Problems;
}

namespace marty::reflect {

enum class Kind : std::uint8_t {
  boolean,
  integer,      // Type::size and Type::is_signed say which
  number,       // float or double by Type::size
  string,       // exactly std::string
  text,         // a type with a marty::Text: one string outside, any type inside
  enumeration,  // an enum, by the names of its enumerators
  object,       // an aggregate, by its fields
  sequence,     // std::vector, std::array and the like
  map,          // std::map and the like
  optional,     // std::optional, std::unique_ptr
  variant,      // std::variant
  any,          // json::Value
  null,         // std::monostate: null and nothing else
};

struct Type;
struct Rules;

// Kind::text: see marty::Text, which these functions come from.
struct TextOperations {
  std::string_view format;
  std::string_view expected;
  void (*append)(std::string& out, const void* value);  // null: it is never written
  bool (*parse)(std::string_view text, void* value);
  bool plain;  // append writes only printable ASCII without quote and backslash
};

// Kind::sequence.
struct SequenceOperations {
  std::size_t fixed_size;  // of std::array; 0: it grows
  std::size_t (*size)(const void* sequence);
  void* (*at)(void* sequence, std::size_t index);  // REQUIRES index < size
  void* (*append)(void* sequence);                 // adds a default element and returns it; null when fixed_size != 0
  void (*clear)(void* sequence);                   // a fixed one gets default elements
};

// Kind::map. Keys are strings, text, integers or enumerations: what from_text() reads.
struct MapOperations {
  const Type* key;
  std::size_t (*size)(const void* map);
  void* (*insert)(void* map, void* key);  // moves from *key; the new default value, or null if the key was there
  void (*clear)(void* map);
  void (*for_each)(const void* map, void* context, void (*visit)(void* context, const void* key, const void* value));
};

// Kind::optional.
struct OptionalOperations {
  void* (*get)(void* optional);      // null when empty
  void* (*emplace)(void* optional);  // a default value, which is returned
  void (*reset)(void* optional);
};

// Kind::variant.
struct VariantOperations {
  std::span<const Type* const> alternatives;
  std::size_t (*index)(const void* variant);
  void* (*get)(void* variant);                         // the living alternative
  void* (*emplace)(void* variant, std::size_t index);  // a default value of that alternative, which is returned
};

// One enumerator.
struct Enumerator {
  std::string_view name;
  std::int64_t value;
};

// Kind::enumeration.
struct Enumeration {
  std::string_view name;                // short: "Color"
  std::vector<Enumerator> enumerators;  // by value

  const Enumerator* find(std::string_view wanted) const;
  const Enumerator* find(std::int64_t value) const;
};

// One field of an object.
struct Field {
  std::string_view name;    // as it is written outside
  std::string_view quoted;  // ,"name": ready for a writer, and for a reader's guess
  const Type* type;
  const Rules* rules;         // null: none
  const void* default_value;  // what the field holds when it is left out; null: nothing (it is required, or empty)
  std::uint32_t offset;
  bool required;    // input must name it
  bool read_only;   // a request must not name it
  bool write_only;  // a response leaves it out
  bool deprecated;

  const void* in(const void* object) const { return static_cast<const char*>(object) + offset; }
  void* in(void* object) const { return static_cast<char*>(object) + offset; }
};

// Kind::object.
struct Object {
  std::string_view name;         // short: "Pet"; the name of the schema
  std::string_view description;  // from marty::describe
  std::string_view tag_name;     // a tagged struct carries {"type": "card"}: the name of that member; empty: untagged
  std::string_view tag;
  std::vector<Field> fields;                              // in declaration order
  std::vector<std::uint64_t> required;                    // bit i: fields[i] is required
  void (*check)(const void* object, Problems& problems);  // the struct's own check(); null: none

  // The field of that name, or null. Constant time.
  const Field* find(std::string_view field_name) const;

  // The table behind find(): open addressing, field index + 1, 0 is empty. The size is a power of two.
  std::vector<std::uint16_t> slots;
  static std::size_t hash(std::string_view field_name);
};

// A type. Exactly one of the pointers behind `destroy` is set for a kind that needs one.
struct Type {
  Kind kind;
  bool is_signed = false;                      // integer and enumeration
  std::uint32_t size = 0;                      // bytes
  std::string_view name;                       // qualified, as the compiler prints it: "petstore::Pet"
  void (*construct)(void* storage) = nullptr;  // T{}
  void (*destroy)(void* object) = nullptr;

  const Type* element = nullptr;  // of a sequence or optional; the values of a map
  const TextOperations* text = nullptr;
  const SequenceOperations* sequence = nullptr;
  const MapOperations* map = nullptr;
  const OptionalOperations* optional = nullptr;
  const VariantOperations* variant = nullptr;
  bool (*is_null)(const void* any) = nullptr;
  const Enumeration& (*enumeration)() = nullptr;
  const Object& (*object)() =
      nullptr;  // built on first use. Throws Error(internal) for rules that contradict the type.
};

// The value of an object of kind integer or enumeration, and back. A std::uint64_t comes as its two's complement.
std::int64_t integer_value(const Type& type, const void* object);
void set_integer_value(const Type& type, void* object, std::int64_t value);

// A T{} of its own.
std::shared_ptr<void> make_object(const Type& type);

}  // namespace marty::reflect
