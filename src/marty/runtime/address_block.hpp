// AddressBlock: a set of addresses by their first bits, as CIDR notation has them (RFC 4632 section 3.1 for IPv4,
// RFC 4291 section 2.3 for IPv6): who is a proxy of ours, who may see something.
//
//   const auto inner = AddressBlock::parse("10.0.0.0/8");   // also "127.0.0.1", "fd00::/8", "unix", "any"
//   inner.contains(Address::parse("10.1.2.3:8080"));         // true; ports do not matter
//
// An IPv4 address is the same as its IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), and in no other block of
// IPv6: everybody with an IP address is 0.0.0.0/0 and ::/0. Asking takes a few nanoseconds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"
#include "marty/runtime/net.hpp"

namespace marty::runtime {

class AddressBlock {
 public:
  AddressBlock() = default;  // contains nothing
  // Throws invalid_argument, which says what is wrong.
  static AddressBlock parse(std::string_view text);
  std::string to_string() const;  // the form that parse() reads

  bool contains(const Address& address) const noexcept;
  bool operator==(const AddressBlock&) const = default;

 private:
  enum class Kind : std::uint8_t { none, any, unix_socket, ip };
  Kind kind_ = Kind::none;
  std::uint8_t prefix_ = 0;      // bits of IPv6; those of IPv4 and 96
  std::uint8_t bytes_[16] = {};  // IPv6, or IPv4 mapped
};

bool contains(std::span<const AddressBlock> blocks, const Address& address) noexcept;

}  // namespace marty::runtime

template <>
struct marty::Text<marty::runtime::AddressBlock> {
  static constexpr std::string_view format = "marty-address-block";
  static constexpr std::string_view expected =
      "an address or a block such as 127.0.0.1, 10.0.0.0/8 or fd00::/8 (with no bits beyond the prefix), unix or any";
  static void append(std::string& out, const runtime::AddressBlock& block) { out += block.to_string(); }
  static bool parse(std::string_view text, runtime::AddressBlock& block);
};
