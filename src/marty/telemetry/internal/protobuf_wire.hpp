// Protocol Buffers' wire format, written: fields that telemetry sends, without a message object in between.
//
//   std::string out;
//   append_string_field(out, 1, "marty");                                    // string name = 1
//   append_message_field(out, 2, [&] { append_key_value(out, 1, "peer", std::string_view("10.0.0.1")); });
//
// Numbers are those of the .proto file. A field is written also where its value is the default one, which readers take
// as the same. Source: https://protobuf.dev/programming-guides/encoding/, opentelemetry/proto/common/v1/common.proto
// (v1.3).
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "marty/base/strings.hpp"

namespace marty::telemetry::internal {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr std::size_t kMaxVarintBytes = 10;

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

inline char* write_varint(char* to, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

template <std::integral T>
char* write_little_endian(char* to, T value) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

// Ids are sent with their first digit first.
inline char* write_big_endian(char* to, std::uint64_t value) noexcept {
  return write_little_endian(to, std::byteswap(value));
}

inline void append_varint(std::string& out, std::uint64_t value) {
  char text[kMaxVarintBytes];
  out.append(text, static_cast<std::size_t>(write_varint(text, value) - text));
}

inline void append_tag(std::string& out, std::uint32_t field, WireType type) {
  append_varint(out, std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

// uint32, uint64, bool and enums; of int32 and int64 the two's complement.
inline void append_varint_field(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_tag(out, field, WireType::varint);
  append_varint(out, value);
}

template <std::unsigned_integral T>
void append_little_endian(std::string& out, T value) {
  char text[sizeof value];
  write_little_endian(text, value);
  out.append(text, sizeof text);
}

template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {  // ids within bytes
  append_little_endian(out, static_cast<T>(std::byteswap(value)));
}

inline void append_fixed64_field(std::string& out, std::uint32_t field, std::uint64_t value) {
  append_tag(out, field, WireType::fixed64);
  append_little_endian(out, value);
}

inline void append_fixed32_field(std::string& out, std::uint32_t field, std::uint32_t value) {
  append_tag(out, field, WireType::fixed32);
  append_little_endian(out, value);
}

inline void append_double_field(std::string& out, std::uint32_t field, double value) {
  append_fixed64_field(out, field, std::bit_cast<std::uint64_t>(value));
}

inline void append_bytes_field(std::string& out, std::uint32_t field, std::string_view value) {
  append_tag(out, field, WireType::bytes);
  append_varint(out, value.size());
  out += value;
}

// A `string` has to be UTF-8, or readers refuse the whole message: bytes that are none become U+FFFD.
inline void append_string_field(std::string& out, std::uint32_t field, std::string_view text) {
  is_utf8(text) ? append_bytes_field(out, field, text) : append_bytes_field(out, field, valid_utf8(text));
}

// A message whose size is known only once it is written: `write` appends its fields. Most have less than 128 bytes;
// one that has more moves once.
template <class Write>
void append_message_field(std::string& out, std::uint32_t field, Write&& write) {
  append_tag(out, field, WireType::bytes);
  const std::size_t at = out.size();
  out += '\0';
  write();
  const std::size_t size = out.size() - at - 1;
  char text[kMaxVarintBytes];
  const auto length = static_cast<std::size_t>(write_varint(text, size) - text);
  if (length > 1) out.insert(at, length - 1, '\0');
  out.replace(at, length, text, length);
}

// The fields of AnyValue.
inline void append_any_value(std::string& out, std::string_view text) { append_string_field(out, 1, text); }
inline void append_any_value(std::string& out, std::same_as<bool> auto value) { append_varint_field(out, 2, value); }
template <std::integral T>
requires(!std::same_as<T, bool>) void append_any_value(std::string& out, T value) {  // beyond int64 it wraps around
  append_varint_field(out, 3, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
}
inline void append_any_value(std::string& out, std::same_as<double> auto value) { append_double_field(out, 4, value); }

// A KeyValue as a field of another message: an attribute.
template <class Value>
void append_key_value(std::string& out, std::uint32_t field, std::string_view key, const Value& value) {
  append_message_field(out, field, [&] {
    append_string_field(out, 1, key);
    append_message_field(out, 2, [&] { append_any_value(out, value); });
  });
}

}  // namespace marty::telemetry::internal
