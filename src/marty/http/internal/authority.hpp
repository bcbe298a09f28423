// The authority of a request: Host, ":authority" of HTTP/2, what stands behind "http://" – a host and perhaps a port
// (RFC 3986 section 3.2, RFC 9110 sections 4.2 and 7.2). User information is refused, as is a port without a host.
//
//   is_authority("[::1]:8080");                                 // true
//   is_same_authority("Shop:443", "shop", default_port("https"))  // true
#pragma once

#include <string_view>

namespace marty::http::internal {

bool is_authority(std::string_view text) noexcept;

std::string_view default_port(std::string_view scheme) noexcept;  // "" of a scheme that is none of HTTP

// After normalization (RFC 3986 section 6.2): in any case, and with or without the default port. REQUIRES authorities.
bool is_same_authority(std::string_view left, std::string_view right, std::string_view default_port) noexcept;

}  // namespace marty::http::internal
