#include "marty/telemetry/ids.hpp"

#include <array>
#include <cstring>

#include "marty/runtime/random.hpp"

namespace marty::telemetry {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the digits below are laid out for little-endian machines");

constexpr std::uint64_t repeat(std::uint8_t byte) { return 0x0101010101010101u * byte; }

// Eight digits in one register: every request writes some eighty of them.
std::uint64_t eight_digits(std::uint32_t value) {
  std::uint64_t nibbles = __builtin_bswap32(value);
  nibbles = (nibbles | nibbles << 16) & 0x0000FFFF0000FFFFu;
  nibbles = (nibbles | nibbles << 8) & 0x00FF00FF00FF00FFu;
  nibbles = (nibbles >> 4 & repeat(0x0F)) | (nibbles & 0x000F000F000F000Fu) << 8;
  nibbles &= repeat(0x0F);
  const std::uint64_t letters = (nibbles + repeat(6)) >> 4 & repeat(1);  // 1 in each byte of ten or more
  return nibbles + repeat('0') + letters * ('a' - '0' - 10);
}

// The value of each lowercase digit, else 0xFF.
constexpr auto kDigitValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xFF);
  for (int digit = 0; digit < 10; ++digit) values['0' + digit] = static_cast<std::uint8_t>(digit);
  for (int digit = 10; digit < 16; ++digit) values['a' + digit - 10] = static_cast<std::uint8_t>(digit);
  return values;
}();

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
  const std::uint64_t first = eight_digits(static_cast<std::uint32_t>(value >> 32));
  const std::uint64_t second = eight_digits(static_cast<std::uint32_t>(value));
  std::memcpy(out, &first, 8);
  std::memcpy(out + 8, &second, 8);
}

bool read_hex(const char* digits, std::uint64_t& value) noexcept {
  std::uint64_t result = 0;
  std::uint8_t seen = 0;
  for (int i = 0; i < 16; ++i) {
    const std::uint8_t digit = kDigitValues[static_cast<unsigned char>(digits[i])];
    seen |= digit;
    result = result << 4 | (digit & 0x0F);
  }
  if (seen > 0x0F) return false;
  value = result;
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
