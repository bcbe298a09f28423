// The authority of a URL, of Host and of ":authority" of HTTP/2: what stands behind "http://" – a host and perhaps a
// port (RFC 3986 section 3.2, RFC 9110 sections 4.2 and 7.2). User information is refused, as is a port without a host.
//
//   is_authority(authority_of("http://[::1]:8080/pets"));           // true
//   is_connectable("shop:0");                                       // false
//   is_same_authority("Shop:443", "shop", default_port("https"))    // true
#pragma once

#include <string_view>

namespace marty {

bool is_authority(std::string_view text) noexcept;

// The same of one to connect to: without a port, or with one that is not 0, which is none of TCP (RFC 6335 section 6).
bool is_connectable(std::string_view text) noexcept;

// What stands between "://" and the path, the query or the fragment; "" where there is no "://". Whether it is an
// authority is for the functions above to say.
std::string_view authority_of(std::string_view url) noexcept;

std::string_view default_port(std::string_view scheme) noexcept;  // "" of a scheme that is none of HTTP

// After normalization (RFC 3986 section 6.2): in any case, and with or without the default port. REQUIRES authorities.
bool is_same_authority(std::string_view left, std::string_view right, std::string_view default_port) noexcept;

// The IPv4address and the IPv6address of RFC 3986 section 3.2.2, without brackets.
bool is_ipv4(std::string_view text) noexcept;
bool is_ipv6(std::string_view text) noexcept;

}  // namespace marty
