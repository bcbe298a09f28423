// Address <-> sockaddr (ip(7), ipv6(7), unix(7)).
#pragma once

#include <sys/socket.h>

#include "marty/runtime/net.hpp"

namespace marty::runtime {

// A sockaddr with its length, as the system calls take it.
struct NativeAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

struct AddressAccess {
  static NativeAddress to_native(
      const Address& address);  // throws invalid_argument where unset or the path is too long
  static Address from_native(const sockaddr* address, socklen_t bytes);  // unset where the family is none of ours

  static bool is_ip(const Address& address) noexcept { return is_ipv4(address) || address.family_ == 6; }
  static bool is_ipv4(const Address& address) noexcept { return address.family_ == 4; }
  static const std::uint8_t* bytes(const Address& address) noexcept { return address.bytes_; }  // 16
  static Address from_bytes(const std::uint8_t* bytes, bool ipv4) noexcept;
};

}  // namespace marty::runtime
