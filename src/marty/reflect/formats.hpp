// The string formats of JSON Schema that Marty checks. For rules; anybody may use them.
#pragma once

#include <string_view>

namespace marty::reflect {

// RFC 5321 Mailbox without quoted local parts and address literals: what mail systems accept in practice.
bool is_email(std::string_view text);
// RFC 3986 with a scheme; an authority that is there is one (base/authority.hpp), perhaps behind user information.
bool is_uri(std::string_view text);
// RFC 1123 section 2.1: labels of letters, digits and inner hyphens.
bool is_hostname(std::string_view text);
// Four decimal numbers without leading zeros.
bool is_ipv4(std::string_view text);
// RFC 4291 section 2.2.
bool is_ipv6(std::string_view text);

// By the name of the format. REQUIRES known_format(format).
bool has_format(std::string_view format, std::string_view text);

}  // namespace marty::reflect
