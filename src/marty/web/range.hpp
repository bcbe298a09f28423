// Byte ranges (RFC 9110 section 14): the one that a Range header asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marty::web {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

struct RangeRequest {
  enum class Kind : std::uint8_t { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  ByteRange range{};
};

// "bytes=0-99", "bytes=100-" and "bytes=-50" of a content of `size` bytes. What is malformed, has another unit or asks
// for several ranges counts as not sent (section 14.2 allows that): the whole. So does the end of an empty content,
// which is satisfiable (section 14.1.1) but has no first byte that a 206 could name.
RangeRequest parse_range(std::string_view header, std::uint64_t size) noexcept;

}  // namespace marty::web
