#include "marty/base/uuid.hpp"

namespace marty {
namespace {

constexpr std::size_t kTextSize = 36;
// Where the two digits of each byte stand in the text.
constexpr std::array<std::uint8_t, 16> kPositions = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

constexpr std::array<std::int8_t, 256> digit_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = values[static_cast<std::size_t>('A' + i)] =
        static_cast<std::int8_t>(10 + i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kDigits = digit_values();

}  // namespace

bool Text<Uuid>::parse(std::string_view text, Uuid& uuid) {
  if (text.size() != kTextSize) return false;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  std::array<std::uint8_t, 16> bytes;
  int wrong = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = kDigits[static_cast<unsigned char>(text[kPositions[i]])];
    const int low = kDigits[static_cast<unsigned char>(text[kPositions[i] + 1u])];
    wrong |= high | low;  // negative if either is
    bytes[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
  }
  if (wrong < 0) return false;
  uuid = Uuid(bytes);
  return true;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  Uuid uuid;
  return Text<Uuid>::parse(text, uuid) ? std::optional(uuid) : std::nullopt;
}

Uuid Uuid::v7(std::uint64_t unix_ms, const std::array<std::uint8_t, 10>& random) {
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  for (std::size_t i = 0; i < 10; ++i) bytes[6 + i] = random[i];
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0F));  // version
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3F));  // variant
  return Uuid(bytes);
}

void Uuid::append_to(std::string& out) const {
  constexpr char kHex[] = "0123456789abcdef";
  char text[kTextSize];
  text[8] = text[13] = text[18] = text[23] = '-';
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    text[kPositions[i]] = kHex[bytes_[i] >> 4];
    text[kPositions[i] + 1u] = kHex[bytes_[i] & 15];
  }
  out.append(text, kTextSize);
}

std::string Uuid::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace marty
