// Character classes of RFC 9110 and RFC 9112, and scans for the first byte outside of one. The scans look at 16 bytes
// at a time where the processor can (SSE2), and read nothing beyond `end`.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace marty::http::internal {

enum CharacterClass : std::uint8_t {
  kToken = 1,       // tchar: RFC 9110 section 5.6.2
  kFieldByte = 2,   // VCHAR, SP, HTAB, obs-text: section 5.5
  kTarget = 4,      // what may stand in a request target: visible ASCII but '#' (a fragment is never sent)
  kPath = 8,        // pchar, '/': RFC 3986 section 3.3
  kQuery = 16,      // what clients that follow the URL Standard leave in a query as it is: see target.hpp
  kPlainPath = 32,  // unreserved (section 2.3) and '/': most paths
};

consteval std::array<std::uint8_t, 256> make_character_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool visible = c > 0x20 && c < 0x7f;
    const auto one_of = [c](std::string_view set) { return set.find(static_cast<char>(c)) != std::string_view::npos; };
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    std::uint8_t bits = 0;
    if (alphanumeric || (visible && one_of("!#$%&'*+-.^_`|~"))) bits |= kToken;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) bits |= kFieldByte;
    if (visible && c != '#') bits |= kTarget;
    if (alphanumeric || (visible && one_of("-._~/"))) bits |= kPlainPath;
    if (alphanumeric || (visible && one_of("-._~%!$&'()*+,;=:@/"))) bits |= kPath;
    if (visible && !one_of("\"#<>")) bits |= kQuery;
    classes[static_cast<std::size_t>(c)] = bits;
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = make_character_classes();

inline bool is_in_class(char c, CharacterClass wanted) noexcept {
  return (kCharacterClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}
inline bool all_in_class(std::string_view text, CharacterClass wanted) noexcept {
  std::uint8_t common = wanted;
#pragma GCC unroll 8
  for (const char c : text) common &= kCharacterClasses[static_cast<unsigned char>(c)];
  return common == wanted;
}

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// -1 where `c` is no hexadecimal digit.
inline int hex_digit_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Whether each '%' stands before two hexadecimal digits: RFC 3986 section 2.1.
bool has_valid_escapes(std::string_view text) noexcept;

// The first byte of [at, end) that is not of the class, or `end`.
const char* find_end_of_field(const char* at, const char* end) noexcept;
const char* find_end_of_target(const char* at, const char* end) noexcept;
inline const char* find_end_of_token(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  // Letters, digits and '-' are all that most names have. Signed comparisons, hence the shift to -128.
  const auto below = [](__m128i bytes, char first, char count) {
    return _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first))),
                          _mm_set1_epi8(static_cast<char>(-128 + count)));
  };
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i letters = below(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
    const __m128i others = _mm_or_si128(below(bytes, '0', 10), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const int mask = _mm_movemask_epi8(_mm_or_si128(letters, others));
    if (mask == 0xffff) continue;
    at += __builtin_ctz(~static_cast<unsigned>(mask));
    break;
  }
#endif
  while (at != end && is_in_class(*at, kToken)) ++at;
  return at;
}

// The same as find_end_of_field() at the end; faster for short values, which have no 16 bytes to look at together.
bool is_field_value(std::string_view value) noexcept;

inline std::string_view trim_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace marty::http::internal
