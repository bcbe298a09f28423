// Percent-decoding of URLs (RFC 3986 section 2.1); encoding.hpp has the other direction.
//
//   std::string buffer;
//   auto text = percent_decode("caf%C3%A9", buffer);   // "café"; a view of the input where there is nothing to decode
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace marty::web {

// What '+' means: itself in paths, a space in queries and urlencoded forms.
enum class Plus { literal, space };

// The decoded text: a view of `text` itself, or of `buffer`, which is overwritten. Nothing where a '%' is not followed
// by two hexadecimal digits.
std::optional<std::string_view> percent_decode(std::string_view text, std::string& buffer, Plus plus = Plus::literal);

}  // namespace marty::web
