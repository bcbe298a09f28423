#include "marty/telemetry/internal/wire_reader.hpp"

#include <cstring>

#include "marty/telemetry/internal/protobuf_wire.hpp"

namespace marty::telemetry::internal {

std::optional<WireReader::Field> WireReader::next() {
  if (rest_.empty() || !valid_) return std::nullopt;
  Field field;
  const auto tag = read_varint();
  valid_ = tag && *tag >> 3 != 0 && read_value(*tag & 7, field);
  if (!valid_) return std::nullopt;
  field.number = *tag >> 3;
  return field;
}

bool WireReader::read_value(std::uint64_t type, Field& field) {
  switch (static_cast<WireType>(type)) {
    case WireType::varint:
      if (const auto value = read_varint()) return field.value = *value, true;
      return false;
    case WireType::fixed64: {
      const auto bytes = read_bytes(8);
      if (bytes) std::memcpy(&field.value, bytes->data(), 8);
      return bytes.has_value();
    }
    case WireType::fixed32:
      return read_bytes(4).has_value();
    case WireType::bytes:
      break;
    default:  // groups, which nobody writes any more
      return false;
  }
  const auto size = read_varint();
  const auto bytes = size ? read_bytes(*size) : std::nullopt;
  if (bytes) field.bytes = *bytes;
  return bytes.has_value();
}

std::optional<std::uint64_t> WireReader::read_varint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kMaxVarintBytes && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    value |= std::uint64_t{byte & 0x7fu} << 7 * i;
    if (byte < 0x80) return rest_.remove_prefix(i + 1), value;
  }
  return std::nullopt;
}

std::optional<std::string_view> WireReader::read_bytes(std::uint64_t size) {
  if (size > rest_.size()) return std::nullopt;
  const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(bytes.size());
  return bytes;
}

}  // namespace marty::telemetry::internal
