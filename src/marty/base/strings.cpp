#include "marty/base/strings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

namespace marty {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// The same for eight letters at once: bit 7 of a byte says whether it is at least 'A', or past 'Z'. Without the bits 7
// of the text, no byte carries into the next.
std::uint64_t lower_eight(std::uint64_t text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kTopBits = 0x80 * kOnes;
  const std::uint64_t low = text & ~kTopBits;
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes, past_z = low + (0x7F - 'Z') * kOnes;
  const std::uint64_t upper = from_a & ~past_z & ~text & kTopBits;
  return text | upper >> 2;
}

constexpr std::size_t kLongestName = 64;  // nobody misspells more than that; bounds the work for hostile names

// REQUIRES names of at most kLongestName bytes. Three rows of the edit matrix are enough: a swap looks two rows back.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  using Row = std::array<std::uint8_t, kLongestName + 1>;
  Row rows[3];
  Row *before = &rows[0], *previous = &rows[1], *current = &rows[2];
  std::iota(previous->begin(), previous->end(), std::uint8_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    (*current)[0] = static_cast<std::uint8_t>(i);
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const char a = lower(left[i - 1]), b = lower(right[j - 1]);
      int least = std::min({(*previous)[j] + 1, (*current)[j - 1] + 1, (*previous)[j - 1] + (a == b ? 0 : 1)});
      if (i > 1 && j > 1 && a == lower(right[j - 2]) && lower(left[i - 2]) == b) {
        least = std::min(least, (*before)[j - 2] + 1);
      }
      (*current)[j] = static_cast<std::uint8_t>(least);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return (*previous)[right.size()];
}

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the well-formed code point at `p`, which starts with a byte of at least 0x80; 0: there is none.
std::size_t multibyte_length(const unsigned char* p, const unsigned char* end) {
  const std::size_t left = static_cast<std::size_t>(end - p);
  const unsigned char first = p[0];
  if (first >= 0xC2 && first <= 0xDF) return left >= 2 && continues(p[1]) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned char lowest = first == 0xE0 ? 0xA0 : 0x80, highest = first == 0xED ? 0x9F : 0xBF;
    return left >= 3 && p[1] >= lowest && p[1] <= highest && continues(p[2]) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned char lowest = first == 0xF0 ? 0x90 : 0x80, highest = first == 0xF4 ? 0x8F : 0xBF;
    return left >= 4 && p[1] >= lowest && p[1] <= highest && continues(p[2]) && continues(p[3]) ? 4 : 0;
  }
  return 0;
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > kLongestName) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t shorter = std::min(name.size(), candidate.size());
    const std::size_t longer = std::max(name.size(), candidate.size());
    if (longer > kLongestName || longer - shorter >= best_distance) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

bool equals_ignore_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  std::size_t at = 0;
  for (std::uint64_t a, b; at + 8 <= left.size(); at += 8) {
    std::memcpy(&a, left.data() + at, 8);
    std::memcpy(&b, right.data() + at, 8);
    if (a != b && lower_eight(a) != lower_eight(b)) return false;
  }
  for (; at < left.size(); ++at) {
    if (left[at] != right[at] && lower(left[at]) != lower(right[at])) return false;
  }
  return true;
}

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto* const p = reinterpret_cast<const unsigned char*>(text.data());
  return *p < 0x80 ? 1 : multibyte_length(p, p + text.size());
}

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p != end) {
    std::uint64_t eight;
    while (end - p >= 8 && (std::memcpy(&eight, p, 8), (eight & 0x8080808080808080u) == 0)) p += 8;
    if (p == end) break;
    const std::size_t length = *p < 0x80 ? 1 : multibyte_length(p, end);
    if (length == 0) return false;
    p += length;
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    valid += length > 0 ? text.substr(0, length) : kReplacement;
    text.remove_prefix(length > 0 ? length : 1);
  }
  return valid;
}

std::string_view valid_utf8(std::string_view text, std::span<char> buffer) noexcept {
  std::size_t size = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view next = length > 0 ? text.substr(0, length) : kReplacement;
    if (next.size() > buffer.size() - size) break;
    std::memcpy(buffer.data() + size, next.data(), next.size());
    size += next.size();
    text.remove_prefix(length > 0 ? length : 1);
  }
  return {buffer.data(), size};
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes != 0 && continues(static_cast<unsigned char>(text[max_bytes]))) --max_bytes;
  return text.substr(0, max_bytes);
}

std::size_t count_code_points(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  std::size_t continuations = 0, at = 0;
  for (std::uint64_t eight; at + 8 <= text.size(); at += 8) {
    std::memcpy(&eight, text.data() + at, 8);
    const std::uint64_t continuing = eight >> 7 & ~(eight >> 6) & kOnes;  // of each byte, bit 7 set and bit 6 clear
    continuations += continuing * kOnes >> 56;                            // the sum of the bytes
  }
  for (; at < text.size(); ++at) continuations += continues(static_cast<unsigned char>(text[at])) ? 1 : 0;
  return text.size() - continuations;
}

}  // namespace marty
