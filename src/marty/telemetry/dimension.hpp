// Dimension: the value of one correlation dimension (a correlation id, a user id, ...), kept inline so that a request's
// context needs no allocation.
//
// The content is at most 128 bytes of printable ASCII (0x20 to 0x7E): whatever stands in a Dimension can go into a
// header or a log line without opening a door for injection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "marty/telemetry/ids.hpp"

namespace marty::telemetry {

// Whether every byte is printable ASCII.
bool printable(std::string_view text) noexcept;

// See above. Cheap to make and to clear; a copy moves only the bytes in use.
class Dimension {
 public:
  static constexpr std::size_t kMaxBytes = 128;

  Dimension() noexcept {}  // leaves the bytes uninitialised on purpose
  Dimension(const Dimension& other) noexcept { copy(other); }
  Dimension& operator=(const Dimension& other) noexcept { return copy(other), *this; }

  // Takes `text` as it is; false, and no change, where it is too long, empty or not printable. For input from outside.
  bool assign(std::string_view text) noexcept;
  // Takes what fits, with '?' for each byte that is not printable. For values of the program itself.
  void assign_cleaned(std::string_view text) noexcept;
  // The id's 32 hexadecimal digits.
  void assign(TraceId id) noexcept {
    write_hex(id, bytes_);
    size_ = 32;
  }
  void clear() noexcept { size_ = 0; }

  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {bytes_, size_}; }
  operator std::string_view() const noexcept { return view(); }  // NOLINT: a Dimension is a text
  bool operator==(std::string_view text) const noexcept { return view() == text; }
  bool operator==(const Dimension& other) const noexcept { return view() == other.view(); }

 private:
  void copy(const Dimension& other) noexcept {
    size_ = other.size_;
    std::memmove(bytes_, other.bytes_, size_);
  }

  std::uint8_t size_ = 0;
  char bytes_[kMaxBytes];
};

}  // namespace marty::telemetry
