// Value: JSON of any shape, for what has no struct: metadata, settings of plugins, documents that pass through.
//
//   json::Value value = json::Value::parse(R"({"tags": ["a", "b"], "size": 3})");
//   value["size"].as_integer();              // 3
//   value.at("/tags/1").as_string();         // JSON Pointer: "b"
//   value["owner"]["name"] = "Kim";          // objects and members appear as they are written to
//
// A field of type Value takes any JSON. Members keep their order; of a name that a text repeats, the last one counts
// (structs and maps refuse it). Integers are kept apart from fractions. Plain value semantics; not thread-safe for
// writes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "marty/json/json.hpp"

namespace marty::json {

class Value {
 public:
  struct Member;
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;

  Value() noexcept;  // null
  Value(std::nullptr_t) noexcept;
  template <class Scalar>
  requires std::is_arithmetic_v<Scalar> Value(Scalar value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(Array elements);
  Value(Object members);  // REQUIRES unique names
  Value(const Value& other);
  Value(Value&& other) noexcept = default;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept = default;
  ~Value() = default;

  // An empty array or object, or one with content: Value::object({{"name", "Rex"}, {"age", 3}}).
  static Value array(std::initializer_list<Value> elements = {});
  static Value object(std::initializer_list<Member> members = {});

  // Throws Error(invalid_argument).
  static Value parse(std::string_view text, const Limits& limits = {});
  std::string to_string() const;

  bool is_null() const { return content_.index() == 0; }
  bool is_boolean() const { return std::holds_alternative<bool>(content_); }
  bool is_integer() const { return content_.index() == 2 || content_.index() == 3; }
  bool fits_signed() const { return content_.index() == 2; }  // an integer that as_integer() gives
  bool is_number() const { return content_.index() >= 2 && content_.index() <= 4; }
  bool is_string() const { return std::holds_alternative<std::string>(content_); }
  bool is_array() const { return std::holds_alternative<Array>(content_); }
  bool is_object() const { return std::holds_alternative<Object>(content_); }

  // The content. Throws Error(invalid_argument) naming what it is instead; also for an integer that does not fit.
  bool as_boolean() const;
  std::int64_t as_integer() const;
  std::uint64_t as_unsigned() const;
  double as_number() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  // Elements or members; 0 for anything else.
  std::size_t size() const;

  // The member, or null when there is none or this is no object.
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  // As find(), but a missing one is a shared null.
  const Value& operator[](std::string_view name) const;
  // The member, added as null if there is none. Makes an object of null; throws Error for anything else.
  Value& operator[](std::string_view name);
  // The element. Throws Error(out_of_range).
  const Value& operator[](std::size_t index) const;
  Value& operator[](std::size_t index);
  void push_back(Value element);  // makes an array of null

  // What a JSON Pointer (RFC 6901) leads to, or null.
  const Value* find_pointer(std::string_view pointer) const;
  // As above. Throws Error(not_found).
  const Value& at(std::string_view pointer) const;

  // Numbers compare by value, members regardless of their order.
  bool operator==(const Value& other) const;

  // "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
  std::string_view type_name() const;

 private:
  // An integer is an int64_t whenever it fits one.
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> content_;
};

// A named value of an object.
struct Value::Member {
  std::string name;
  Value value;

  bool operator==(const Member&) const = default;
};

inline Value::Value() noexcept = default;
inline Value::Value(std::nullptr_t) noexcept {}
inline Value::Value(std::string value) : content_(std::move(value)) {}
inline Value::Value(std::string_view value) : content_(std::string(value)) {}
inline Value::Value(const char* value) : content_(std::string(value)) {}

template <class Scalar>
requires std::is_arithmetic_v<Scalar> Value::Value(Scalar value) {
  if constexpr (std::is_same_v<Scalar, bool>) {
    content_ = value;
  } else if constexpr (std::is_floating_point_v<Scalar>) {
    content_ = static_cast<double>(value);
  } else if (std::in_range<std::int64_t>(value)) {
    content_ = static_cast<std::int64_t>(value);
  } else {
    content_ = static_cast<std::uint64_t>(value);
  }
}

}  // namespace marty::json

namespace marty::reflect {
template <>
inline constexpr bool kIsAny<json::Value> = true;
}
