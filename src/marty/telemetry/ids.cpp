#include "marty/telemetry/ids.hpp"

#include <bit>
#include <cstring>

#include "marty/runtime/random.hpp"

namespace marty::telemetry {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the digits below are laid out for little-endian machines");

// Sixteen digits in one register: every request reads and writes some hundred of them. GCC and clang turn these into
// SSE2 or NEON.
using Digits = std::uint8_t __attribute__((vector_size(16)));
using Pairs = std::uint16_t __attribute__((vector_size(16)));
using Bytes = std::uint8_t __attribute__((vector_size(8)));
using Halves = std::uint64_t __attribute__((vector_size(16)));

}  // namespace

TraceId new_trace_id() noexcept {
  const TraceId id{runtime::random_u64(), runtime::random_u64()};
  return id.valid() ? id : TraceId{0, 1};
}

SpanId new_span_id() noexcept {
  const SpanId id{runtime::random_u64()};
  return id.valid() ? id : SpanId{1};
}

void write_hex(std::uint64_t value, char* out) noexcept {
  const auto bytes = reinterpret_cast<Digits>(Halves{__builtin_bswap64(value), 0});
  const Digits high = bytes >> 4;
  const Digits low = bytes & 0x0F;
  const Digits nibbles = __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const auto is_letter = reinterpret_cast<Digits>(nibbles > 9);
  const Digits digits = nibbles + '0' + (is_letter & ('a' - '0' - 10));
  std::memcpy(out, &digits, sizeof digits);
}

bool read_hex(const char* digits, std::uint64_t& value) noexcept {
  Digits text;
  std::memcpy(&text, digits, sizeof text);
  const Digits number = text - '0';
  const Digits letter = text - 'a';
  const auto is_number = reinterpret_cast<Digits>(number < 10);
  const auto is_letter = reinterpret_cast<Digits>(letter < 6);
  const auto valid = reinterpret_cast<Halves>(is_number | is_letter);
  if ((valid[0] & valid[1]) != ~std::uint64_t{0}) return false;
  const Digits nibbles = (number & is_number) | ((letter + 10) & is_letter);
  // Two neighbours make a byte, the first of them its high half.
  const auto pairs = reinterpret_cast<Pairs>(nibbles);
  const auto bytes = __builtin_convertvector(pairs << 4 | pairs >> 8, Bytes);
  value = __builtin_bswap64(std::bit_cast<std::uint64_t>(bytes));
  return true;
}

std::string to_string(TraceId id) {
  std::string text(32, '0');
  write_hex(id, text.data());
  return text;
}

std::string to_string(SpanId id) {
  std::string text(16, '0');
  write_hex(id.value, text.data());
  return text;
}

}  // namespace marty::telemetry
