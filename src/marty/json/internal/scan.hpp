// The inner loop of reading and writing strings: sixteen bytes at a time where the machine can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace marty::json::internal {

// Whether `c` is an ASCII character that stands for itself in a JSON string.
inline bool is_plain(char c) { return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\'; }

#if defined(__SSE2__)
// Bit i: byte i is not plain.
inline unsigned special_bits(__m128i block) {
  // Signed: below a space are the control characters and every byte from 0x80.
  const __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))));
}
inline unsigned special_bits_16(const char* p) {
  return special_bits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline unsigned special_bits_8(const char* p) {
  return special_bits(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))) & 0xFF;
}
#endif

// The first character of [p, end) that is not plain: a quote, a backslash, a control character or not ASCII; or end.
inline const char* find_special(const char* p, const char* end) {
#if defined(__SSE2__)
  if (end - p >= 16) {
    for (; end - p >= 16; p += 16) {
      if (const unsigned bits = special_bits_16(p)) return p + __builtin_ctz(bits);
    }
    // The last sixteen bytes overlap with what was found plain.
    const unsigned bits = special_bits_16(end - 16);
    return bits != 0 ? end - 16 + __builtin_ctz(bits) : end;
  }
  if (end - p >= 8) {
    if (const unsigned bits = special_bits_8(p)) return p + __builtin_ctz(bits);
    const unsigned bits = special_bits_8(end - 8);
    return bits != 0 ? end - 8 + __builtin_ctz(bits) : end;
  }
#endif
  while (p != end && is_plain(*p)) ++p;
  return p;
}

// memcmp() == 0 without the call, for texts as short as names are.
inline bool same_bytes(const char* left, const char* right, std::size_t size) {
  std::uint64_t a, b;
  if (size < 8) return std::memcmp(left, right, size) == 0;
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    std::memcpy(&a, left + i, 8);
    std::memcpy(&b, right + i, 8);
    if (a != b) return false;
  }
  std::memcpy(&a, left + size - 8, 8);
  std::memcpy(&b, right + size - 8, 8);
  return a == b;
}

}  // namespace marty::json::internal
