// The inner loop of reading and writing strings: sixteen bytes at a time where the machine can.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace marty::json::internal {

// Whether `c` is an ASCII character that stands for itself in a JSON string.
inline bool is_plain(char c) { return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\'; }

// The first character of [p, end) that is not plain: a quote, a backslash, a control character or not ASCII; or end.
inline const char* find_special(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    // Signed: below a space are the control characters and every byte from 0x80.
    const __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    const int special = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash)));
    if (special != 0) return p + __builtin_ctz(static_cast<unsigned>(special));
  }
#else
  for (; end - p >= 8; p += 8) {
    std::uint64_t block;
    std::memcpy(&block, p, 8);
    constexpr std::uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;
    const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
    const std::uint64_t low = (block - kOnes * 0x20) & ~block & kHighs;
    if ((low | (block & kHighs) | has_zero(block ^ kOnes * '"') | has_zero(block ^ kOnes * '\\')) != 0) break;
  }
#endif
  while (p != end && is_plain(*p)) ++p;
  return p;
}

}  // namespace marty::json::internal
