#include "marty/runtime/address_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/native_address.hpp"

namespace marty::runtime {
namespace {

constexpr int kBits = 128;
constexpr int kMappedBits = 96;
constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::uint8_t* bytes) noexcept { return std::equal(std::begin(kMapped), std::end(kMapped), bytes); }

// Whether the first bits are the same.
bool same_bits(const std::uint8_t* a, const std::uint8_t* b, int bits) noexcept {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a, b, whole) != 0) return false;
  return bits % 8 == 0 || ((a[whole] ^ b[whole]) >> (8 - bits % 8)) == 0;
}

bool has_bits_beyond(const std::uint8_t* bytes, int bits) noexcept {
  for (int bit = bits; bit < kBits; ++bit) {
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(Code::invalid_argument, fmt::format("\"{}\" is not a block of addresses: {}", text, why));
}

int parse_prefix(std::string_view digits, int max, std::string_view text) {
  int prefix = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > max ||
      (digits.size() > 1 && digits.front() == '0'))
    refuse(text, fmt::format("what follows the '/' has to be a number from 0 to {}", max));
  return prefix;
}

}  // namespace

AddressBlock AddressBlock::parse(std::string_view text) {
  AddressBlock block;
  if (text == "any" || text == "unix") {
    block.kind_ = text == "any" ? Kind::any : Kind::unix_socket;
    return block;
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  const Address address = Address::ip(text.substr(0, slash), 0);
  std::memcpy(block.bytes_, AddressAccess::bytes(address), sizeof block.bytes_);
  const int family_bits = AddressAccess::is_ipv4(address) ? kMappedBits : 0;
  int prefix = kBits;
  if (slash < text.size()) prefix = family_bits + parse_prefix(text.substr(slash + 1), kBits - family_bits, text);
  if (has_bits_beyond(block.bytes_, prefix))
    refuse(text, fmt::format("the address has bits beyond the first {}", prefix - family_bits));
  block.kind_ = Kind::ip;
  block.prefix_ = static_cast<std::uint8_t>(prefix);
  return block;
}

std::string AddressBlock::to_string() const {
  switch (kind_) {
    case Kind::none:
      return "";
    case Kind::any:
      return "any";
    case Kind::unix_socket:
      return "unix";
    case Kind::ip:
      break;
  }
  const bool ipv4 = prefix_ >= kMappedBits && is_mapped(bytes_);
  const std::string host = AddressAccess::from_bytes(bytes_, ipv4).host();
  return prefix_ == kBits ? host : fmt::format("{}/{}", host, prefix_ - (ipv4 ? kMappedBits : 0));
}

bool AddressBlock::contains(const Address& address) const noexcept {
  switch (kind_) {
    case Kind::none:
      return false;
    case Kind::any:
      return true;
    case Kind::unix_socket:
      return address.is_unix();
    case Kind::ip:
      break;
  }
  if (!AddressAccess::is_ip(address)) return false;
  const std::uint8_t* const bytes = AddressAccess::bytes(address);
  return (prefix_ >= kMappedBits || !is_mapped(bytes)) && same_bits(bytes, bytes_, prefix_);
}

bool contains(std::span<const AddressBlock> blocks, const Address& address) noexcept {
  return std::ranges::any_of(blocks, [&](const AddressBlock& block) { return block.contains(address); });
}

}  // namespace marty::runtime

bool marty::Text<marty::runtime::AddressBlock>::parse(std::string_view text, runtime::AddressBlock& block) {
  try {
    block = runtime::AddressBlock::parse(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}
