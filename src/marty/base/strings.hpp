// Small helpers for text.
//
//   if (auto near = nearest("prot", {"host", "port"})) message += "; did you mean " + std::string(*near) + "?";
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace marty {

// The candidate that `name` is most likely a misspelling of: the fewest edits (Damerau-Levenshtein: insert, delete,
// replace, swap neighbours), at most a third of its length and ignoring ASCII case; nothing when none is that near.
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);

// Of ASCII letters.
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Equal when ASCII letters of either case count as the same, as in HTTP header names.
bool equals_ignore_case(std::string_view left, std::string_view right) noexcept;

// The same where `token` is a token (RFC 9110 section 5.6.2) and `lower` a constant in lower case: a few instructions.
// Setting bit 5 everywhere makes control characters alike as well, but no token holds those.
template <std::size_t kBytes>
inline bool token_is(std::string_view token, const char (&lower)[kBytes]) noexcept {
  constexpr std::size_t kSize = kBytes - 1;
  if (token.size() != kSize) return false;
  if constexpr (kSize >= 8) {
    const auto differs = [&](std::size_t at) {
      std::uint64_t left, right;
      std::memcpy(&left, token.data() + at, 8);
      std::memcpy(&right, lower + at, 8);
      return (left | 0x2020202020202020u) != right;
    };
    for (std::size_t at = 0; at + 8 < kSize; at += 8) {
      if (differs(at)) return false;
    }
    return !differs(kSize - 8);
  } else {
    unsigned difference = 0;
    for (std::size_t at = 0; at < kSize; ++at) difference |= static_cast<unsigned char>((token[at] | 0x20) ^ lower[at]);
    return difference == 0;
  }
}

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

// The length in bytes of the well-formed code point that `text` begins with; 0: there is none.
std::size_t utf8_length(std::string_view text);

// The text with U+FFFD for each byte that is not part of well-formed UTF-8.
std::string valid_utf8(std::string_view text);

// The same without an allocation: as many whole code points as `buffer` holds. The result is a part of `buffer`.
std::string_view valid_utf8(std::string_view text, std::span<char> buffer) noexcept;

// The beginning of well-formed UTF-8, at most `max_bytes` of it, with no code point cut in two.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

// Code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace marty
