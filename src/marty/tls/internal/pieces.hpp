// Pieces: the parts of a write as pieces of plain text, each for one record. Small parts are joined, since every record
// costs a header, a tag and a call; large ones are taken from where they stand.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace marty::tls::internal {

inline constexpr std::size_t kRecordBytes = 16 << 10;  // of plain text in one record, at most (RFC 8446 section 5.1)

inline std::size_t size_of(std::span<const std::string_view> parts) noexcept {
  std::size_t total = 0;
  for (const std::string_view part : parts) total += part.size();
  return total;
}

class Pieces {
 public:
  // From the byte `skip` of all parts on.
  Pieces(std::span<const std::string_view> parts, std::size_t skip);

  // Every piece but the last is a full record. Valid until the next call; "" at the end.
  std::string_view next();
  std::size_t left() const noexcept { return left_; }  // bytes

 private:
  std::string_view take(std::size_t bytes) noexcept;  // of the current part

  std::span<const std::string_view> rest_;  // behind the current part
  std::string_view part_;
  std::size_t left_;
  std::string joined_;
};

}  // namespace marty::tls::internal
