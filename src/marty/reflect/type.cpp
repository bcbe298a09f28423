#include "marty/reflect/type.hpp"

#include <algorithm>
#include <cstring>

#include "marty/base/check.hpp"

namespace marty::reflect {

const Enumerator* Enumeration::find(std::string_view wanted) const {
  for (const Enumerator& enumerator : enumerators) {
    if (enumerator.name == wanted) return &enumerator;
  }
  return nullptr;
}

const Enumerator* Enumeration::find(std::int64_t value) const {
  const auto found = std::lower_bound(enumerators.begin(), enumerators.end(), value,
                                      [](const Enumerator& left, std::int64_t right) { return left.value < right; });
  return found != enumerators.end() && found->value == value ? &*found : nullptr;
}

namespace {

template <class Integer>
Integer load(const void* object) {
  Integer value;
  std::memcpy(&value, object, sizeof value);
  return value;
}

template <class Integer>
void store(void* object, std::int64_t value) {
  const auto narrow = static_cast<Integer>(value);
  std::memcpy(object, &narrow, sizeof narrow);
}

}  // namespace

std::int64_t integer_value(const Type& type, const void* object) {
  switch (type.size) {
    case 1:
      return type.is_signed ? load<std::int8_t>(object) : load<std::uint8_t>(object);
    case 2:
      return type.is_signed ? load<std::int16_t>(object) : load<std::uint16_t>(object);
    case 4:
      if (type.is_signed) return load<std::int32_t>(object);  // in one ?: both would become unsigned
      return load<std::uint32_t>(object);
    default:
      MARTY_CHECK(type.size == 8);
      return load<std::int64_t>(object);
  }
}

void set_integer_value(const Type& type, void* object, std::int64_t value) {
  switch (type.size) {
    case 1:
      return store<std::int8_t>(object, value);
    case 2:
      return store<std::int16_t>(object, value);
    case 4:
      return store<std::int32_t>(object, value);
    default:
      MARTY_CHECK(type.size == 8);
      return store<std::int64_t>(object, value);
  }
}

std::size_t Object::hash(std::string_view field_name) {
  // Names of one struct differ in length, or in their first or last characters; rarely only in the middle.
  std::uint64_t head = 0, tail = 0;
  const std::size_t size = field_name.size();
  if (size >= 8) {
    std::memcpy(&head, field_name.data(), 8);
    std::memcpy(&tail, field_name.data() + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(&head, field_name.data(), 4);
    std::memcpy(&tail, field_name.data() + size - 4, 4);
  } else {
    for (const char c : field_name) head = head << 8 | static_cast<unsigned char>(c);
  }
  return ((head ^ (tail + size) * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u) >> 32;
}

const Field* Object::find(std::string_view field_name) const {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t slot = hash(field_name) & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
    const Field& field = fields[slots[slot] - 1];
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

std::shared_ptr<void> make_object(const Type& type) {
  void* const storage = ::operator new(type.size);
  type.construct(storage);
  return {storage, [&type](void* object) {
            type.destroy(object);
            ::operator delete(object);
          }};
}

}  // namespace marty::reflect
