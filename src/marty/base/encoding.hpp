// Bytes as text: Base64 (RFC 4648 section 4), its URL-safe form (section 5), hexadecimal (section 8) and
// percent-encoding (RFC 3986 section 2.1).
//
//   base64_encode("Rex")          // "UmV4"
//   base64_decode("UmV4")         // "Rex"; nothing for text that is not strictly Base64
//
// Decoding is strict: no white space, padding as the alphabet demands it, unused bits zero. So one value has one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace marty {

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// With '-' and '_', and without padding: for URLs, cookies and tokens.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

// Lower case out; either case in.
std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);
// The value of one digit; -1: it is none.
int hex_digit(char c);

// Appends `text` with everything but the unreserved characters (RFC 3986 section 2.3) encoded.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace marty
