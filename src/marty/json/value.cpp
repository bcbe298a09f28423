#include "marty/json/value.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "marty/base/error.hpp"

namespace marty::json {
namespace {

[[noreturn]] void wrong_type(std::string_view wanted, const Value& value) {
  throw Error(Code::invalid_argument,
              "JSON: wanted " + std::string(wanted) + ", found " + std::string(value.type_name()));
}

template <class Wanted>
auto& get(auto& content, std::string_view wanted, const Value& value) {
  if (auto* found = std::get_if<Wanted>(&content)) return *found;
  wrong_type(wanted, value);
}

// The index that a step of a JSON Pointer means; no leading zeros (RFC 6901 section 4).
bool read_index(std::string_view step, std::size_t& index) {
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  return error == std::errc() && end == step.data() + step.size() && (step.size() == 1 || step[0] != '0');
}

std::string unescape(std::string_view step) {
  std::string name;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escaped = step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1');
    name += !escaped ? step[i] : step[++i] == '0' ? '~' : '/';
  }
  return name;
}

const Value* find_step(const Value& value, std::string_view step) {
  if (value.is_object()) return value.find(unescape(step));
  std::size_t index = 0;
  if (value.is_array() && read_index(step, index) && index < value.size()) return &value[index];
  return nullptr;
}

}  // namespace

Value::Value(Array elements) : content_(std::move(elements)) {}
Value::Value(Object members) : content_(std::move(members)) {}

// By hand, as the variant's own copy is wrong where it fails: compiled by GCC 12, it destroys an alternative that was
// never made once there is no memory for it. Here an alternative is made first, and moved in, which cannot fail.
Value::Value(const Value& other) {
  std::visit(
      [this]<class Held>(const Held& held) {
        Held copy(held);
        content_ = std::move(copy);
      },
      other.content_);
}

Value& Value::operator=(const Value& other) { return *this = Value(other); }

Value Value::array(std::initializer_list<Value> elements) { return Value(Array(elements)); }

Value Value::object(std::initializer_list<Member> members) {
  Value value = Value(Object());
  for (const Member& member : members) value[member.name] = member.value;
  return value;
}

Value Value::parse(std::string_view text, const Limits& limits) { return json::parse<Value>(text, limits); }
std::string Value::to_string() const { return json::to_string(*this); }

bool Value::as_boolean() const { return get<bool>(content_, "a boolean", *this); }
const std::string& Value::as_string() const { return get<std::string>(content_, "a string", *this); }
const Value::Array& Value::as_array() const { return get<Array>(content_, "an array", *this); }
Value::Array& Value::as_array() { return get<Array>(content_, "an array", *this); }
const Value::Object& Value::as_object() const { return get<Object>(content_, "an object", *this); }
Value::Object& Value::as_object() { return get<Object>(content_, "an object", *this); }

std::int64_t Value::as_integer() const {
  if (std::holds_alternative<std::uint64_t>(content_)) wrong_type("an integer of at most 63 bits", *this);
  return get<std::int64_t>(content_, "an integer", *this);
}

std::uint64_t Value::as_unsigned() const {
  if (const auto* value = std::get_if<std::uint64_t>(&content_)) return *value;
  const std::int64_t value = get<std::int64_t>(content_, "an integer", *this);
  if (value < 0) wrong_type("an integer of at least 0", *this);
  return static_cast<std::uint64_t>(value);
}

double Value::as_number() const {
  if (const auto* value = std::get_if<std::int64_t>(&content_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&content_)) return static_cast<double>(*value);
  return get<double>(content_, "a number", *this);
}

std::size_t Value::size() const {
  if (const auto* elements = std::get_if<Array>(&content_)) return elements->size();
  const auto* members = std::get_if<Object>(&content_);
  return members != nullptr ? members->size() : 0;
}

const Value* Value::find(std::string_view name) const {
  const auto* members = std::get_if<Object>(&content_);
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}
Value* Value::find(std::string_view name) { return const_cast<Value*>(std::as_const(*this).find(name)); }

const Value& Value::operator[](std::string_view name) const {
  static const Value null;
  const Value* found = find(name);
  return found != nullptr ? *found : null;
}

Value& Value::operator[](std::string_view name) {
  if (is_null()) content_ = Object();
  if (Value* found = find(name)) return *found;
  return as_object().emplace_back(Member{std::string(name), {}}).value;
}

const Value& Value::operator[](std::size_t index) const {
  const Array& elements = as_array();
  if (index < elements.size()) return elements[index];
  throw Error(Code::out_of_range,
              "JSON: no element " + std::to_string(index) + " in an array of " + std::to_string(elements.size()));
}
Value& Value::operator[](std::size_t index) { return const_cast<Value&>(std::as_const(*this)[index]); }

void Value::push_back(Value element) {
  if (is_null()) content_ = Array();
  as_array().push_back(std::move(element));
}

const Value* Value::find_pointer(std::string_view pointer) const {
  const Value* value = this;
  while (value != nullptr && !pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    value = find_step(*value, pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
  }
  return value;
}

const Value& Value::at(std::string_view pointer) const {
  if (const Value* found = find_pointer(pointer)) return *found;
  throw Error(Code::not_found, "JSON: nothing at " + std::string(pointer));
}

bool Value::operator==(const Value& other) const {
  if (is_number() && other.is_number()) {
    if (is_integer() && other.is_integer()) return content_ == other.content_;
    return as_number() == other.as_number();
  }
  if (!is_object() || !other.is_object()) return content_ == other.content_;
  if (size() != other.size()) return false;
  for (const Member& member : as_object()) {
    const Value* match = other.find(member.name);
    if (match == nullptr || !(*match == member.value)) return false;
  }
  return true;
}

std::string_view Value::type_name() const {
  constexpr std::string_view kNames[] = {"null",     "a boolean", "an integer", "an integer",
                                         "a number", "a string",  "an array",   "an object"};
  return kNames[content_.index()];
}

}  // namespace marty::json
