#include "marty/http/internal/characters.hpp"

#include <cstring>

namespace marty::http::internal {
namespace {

// Whether one of the eight bytes at `at` is below 0x20 or 0x7f.
bool is_suspicious(const char* at) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t without_del = bytes ^ (kOnes * 0x7f);
  return ((((bytes - kOnes * 0x20) & ~bytes) | ((without_del - kOnes) & ~without_del)) & (kOnes * 0x80)) != 0;
}

}  // namespace

bool has_valid_escapes(std::string_view text) noexcept {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
    if (text.size() - at < 3 || hex_digit_value(text[at + 1]) < 0 || hex_digit_value(text[at + 2]) < 0) return false;
  }
  return true;
}

const char* find_end_of_field(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control), _mm_cmpeq_epi8(bytes, del));
    if (const int mask = _mm_movemask_epi8(bad); mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (end - at >= 8 && !is_suspicious(at)) at += 8;
  while (at != end && is_in_class(*at, kFieldByte)) ++at;
  return at;
}

const char* find_end_of_target(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  const __m128i first_visible = _mm_set1_epi8(0x21);
  const __m128i hash = _mm_set1_epi8('#');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Signed: bytes from 0x80 on are negative, so one comparison finds them and the control characters.
    const __m128i bad = _mm_or_si128(_mm_cmplt_epi8(bytes, first_visible),
                                     _mm_or_si128(_mm_cmpeq_epi8(bytes, hash), _mm_cmpeq_epi8(bytes, del)));
    if (const int mask = _mm_movemask_epi8(bad); mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at != end && is_in_class(*at, kTarget)) ++at;
  return at;
}

bool is_field_value(std::string_view value) noexcept {
  // Eight bytes at a time, the last eight overlapping. A tab is suspicious, too: then each byte is looked at.
  if (value.size() < sizeof(std::uint64_t)) return all_in_class(value, kFieldByte);
  bool suspicious = is_suspicious(value.data() + value.size() - sizeof(std::uint64_t));
  for (std::size_t at = 0; at + sizeof(std::uint64_t) < value.size(); at += sizeof(std::uint64_t))
    suspicious |= is_suspicious(value.data() + at);
  return !suspicious || all_in_class(value, kFieldByte);
}

}  // namespace marty::http::internal
