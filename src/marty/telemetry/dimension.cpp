#include "marty/telemetry/dimension.hpp"

#include <algorithm>

namespace marty::telemetry {

bool printable(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    const std::uint64_t is_delete = (word ^ kOnes * 0x7F) - kOnes;
    const std::uint64_t is_control = word - kOnes * 0x20;
    // Borrows make a false alarm possible only next to a byte that is refused anyway.
    if (((is_delete | is_control | word) & kHighBits) != 0) return false;
  }
  for (; left > 0; ++at, --left) {
    if (*at < 0x20 || *at > 0x7E) return false;
  }
  return true;
}

bool Dimension::assign(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxBytes || !printable(text)) return false;
  size_ = static_cast<std::uint8_t>(text.size());
  std::memcpy(bytes_, text.data(), text.size());
  return true;
}

void Dimension::assign_cleaned(std::string_view text) noexcept {
  text = text.substr(0, kMaxBytes);
  size_ = static_cast<std::uint8_t>(text.size());
  std::transform(text.begin(), text.end(), bytes_, [](char c) { return c >= 0x20 && c <= 0x7E ? c : '?'; });
}

}  // namespace marty::telemetry
