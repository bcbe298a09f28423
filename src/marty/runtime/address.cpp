#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/native_address.hpp"
#include "marty/runtime/net.hpp"

namespace marty::runtime {
namespace {

constexpr std::uint8_t kIpv4 = 4;
constexpr std::uint8_t kIpv6 = 6;
constexpr std::uint8_t kUnix = 1;
constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291, 2.5.5.2
constexpr std::string_view kUnixScheme = "unix:";

std::uint16_t parse_port(std::string_view digits, std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    throw Error(Code::invalid_argument,
                fmt::format("\"{}\" is not an address: the port \"{}\" is not a number from 0 to 65535", text, digits));
  }
  return port;
}

// inet_ntop(3) in a tenth of the time: every request's span tells who called.
std::string ipv4_text(const std::uint8_t* bytes) {
  char text[INET_ADDRSTRLEN];  // a point after each part, the last of which is left out
  char* end = text;
  for (int part = 0; part < 4; ++part) {
    end = std::to_chars(end, text + sizeof text - 1, bytes[part]).ptr;
    *end++ = '.';
  }
  return {text, end - 1};
}

}  // namespace

Address Address::parse(std::string_view text) {
  Address address;
  if (text.starts_with(kUnixScheme)) {
    address.family_ = kUnix;
    address.path_ = std::make_shared<const std::string>(text.substr(kUnixScheme.size()));
    AddressAccess::to_native(address);  // refuses a path that is empty or too long
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw Error(Code::invalid_argument,
                fmt::format("\"{}\" is not an address: expected IP:PORT, [IPv6]:PORT or unix:PATH", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    throw Error(Code::invalid_argument,
                fmt::format("\"{}\" is not an address: write an IPv6 address in brackets, [::1]:8080", text));
  }
  return ip(host, parse_port(text.substr(colon + 1), text));
}

Address Address::ip(std::string_view ip, std::uint16_t port) {
  Address address;
  address.port_ = port;
  const std::string terminated(ip);
  if (terminated.contains('\0')) throw Error(Code::invalid_argument, "there is a zero byte in the IP address");
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes_ + sizeof kMappedPrefix) == 1) {
    std::memcpy(address.bytes_, kMappedPrefix, sizeof kMappedPrefix);
    address.family_ = kIpv4;
  } else if (inet_pton(AF_INET6, terminated.c_str(), address.bytes_) == 1) {
    address.family_ = kIpv6;
  } else {
    throw Error(Code::invalid_argument, fmt::format("\"{}\" is not an IP address; resolve() looks names up", ip));
  }
  return address;
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  switch (family_) {
    case kIpv4:
      return ipv4_text(bytes_ + sizeof kMappedPrefix);
    case kIpv6:
      return inet_ntop(AF_INET6, bytes_, text, sizeof text);
    case kUnix:
      return *path_;
    default:
      return "";
  }
}

std::string Address::to_string() const {
  switch (family_) {
    case kIpv4:
      return fmt::format("{}:{}", host(), port_);
    case kIpv6:
      return fmt::format("[{}]:{}", host(), port_);
    case kUnix:
      return fmt::format("{}{}", kUnixScheme, *path_);
    default:
      return "(unset)";
  }
}

std::uint16_t Address::port() const noexcept { return port_; }
bool Address::is_unix() const noexcept { return family_ == kUnix; }

bool Address::is_loopback() const noexcept {
  constexpr std::uint8_t kIpv6Loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  switch (family_) {
    case kIpv4:
      return bytes_[12] == 127;
    case kIpv6:
      return std::equal(std::begin(bytes_), std::end(bytes_), std::begin(kIpv6Loopback));
    case kUnix:
      return true;
    default:
      return false;
  }
}

bool Address::operator==(const Address& other) const noexcept {
  if (family_ != other.family_ || port_ != other.port_) return false;
  return family_ == kUnix ? *path_ == *other.path_
                          : std::equal(std::begin(bytes_), std::end(bytes_), std::begin(other.bytes_));
}

NativeAddress AddressAccess::to_native(const Address& address) {
  NativeAddress native;
  if (address.family_ == kIpv4) {
    auto& in = reinterpret_cast<sockaddr_in&>(native.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port_);
    std::memcpy(&in.sin_addr, address.bytes_ + sizeof kMappedPrefix, sizeof in.sin_addr);
    native.bytes = sizeof in;
  } else if (address.family_ == kIpv6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(native.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port_);
    std::memcpy(&in.sin6_addr, address.bytes_, sizeof in.sin6_addr);
    native.bytes = sizeof in;
  } else if (address.family_ == kUnix) {
    auto& un = reinterpret_cast<sockaddr_un&>(native.storage);
    if (address.path_->empty() || address.path_->size() >= sizeof un.sun_path || address.path_->contains('\0')) {
      throw Error(Code::invalid_argument,
                  fmt::format("the path of a Unix socket has 1 to {} bytes and no zero; \"{}\" has {}",
                              sizeof un.sun_path - 1, *address.path_, address.path_->size()));
    }
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, address.path_->c_str(), address.path_->size() + 1);
    native.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.path_->size() + 1);
  } else {
    throw Error(Code::invalid_argument, "the address is unset");
  }
  return native;
}

Address AddressAccess::from_bytes(const std::uint8_t* bytes, bool ipv4) noexcept {
  Address address;
  std::memcpy(address.bytes_, bytes, sizeof address.bytes_);
  address.family_ = ipv4 ? kIpv4 : kIpv6;
  return address;
}

Address AddressAccess::from_native(const sockaddr* native, socklen_t bytes) {
  Address address;
  if (native->sa_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(*native);
    std::memcpy(address.bytes_, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(address.bytes_ + sizeof kMappedPrefix, &in.sin_addr, sizeof in.sin_addr);
    address.port_ = ntohs(in.sin_port);
    address.family_ = kIpv4;
  } else if (native->sa_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(*native);
    std::memcpy(address.bytes_, &in.sin6_addr, sizeof address.bytes_);
    address.port_ = ntohs(in.sin6_port);
    address.family_ =
        std::equal(std::begin(kMappedPrefix), std::end(kMappedPrefix), std::begin(address.bytes_)) ? kIpv4 : kIpv6;
  } else if (native->sa_family == AF_UNIX) {
    const auto& un = reinterpret_cast<const sockaddr_un&>(*native);
    const std::size_t room = bytes > offsetof(sockaddr_un, sun_path) ? bytes - offsetof(sockaddr_un, sun_path) : 0;
    address.family_ = kUnix;
    address.path_ =
        std::make_shared<const std::string>(un.sun_path, strnlen(un.sun_path, room));  // "" of a peer without a name
  }
  return address;
}

}  // namespace marty::runtime
