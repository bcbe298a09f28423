// WireReader: the fields of a message of Protocol Buffers, one after the other, of bytes that anybody may have sent.
//
//   WireReader reader(bytes);
//   while (const auto field = reader.next()) ...
//   if (!reader.is_valid()) ...             // what is not well-formed ends the fields
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marty::telemetry::internal {

class WireReader {
 public:
  // One field; of the two, what its type has.
  struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  // of a varint, or of what has eight bytes
    std::string_view bytes;   // of one with a length
  };

  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  std::optional<Field> next();
  bool is_valid() const noexcept { return valid_; }

 private:
  std::optional<std::uint64_t> read_varint();
  std::optional<std::string_view> read_bytes(std::uint64_t size);
  bool read_value(std::uint64_t type, Field& field);

  std::string_view rest_;
  bool valid_ = true;
};

}  // namespace marty::telemetry::internal
