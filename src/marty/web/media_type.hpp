// Media types and the headers that negotiate over them (RFC 9110 sections 8.3 and 12).
//
//   MediaType type = parse_media_type("application/json; charset=utf-8");   // type.essence_is("application/json")
//   acceptable(request.list("accept"), "application/json");                 // "text/html, */*;q=0.1": true
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::web {

// Views into the header's value.
struct MediaType {
  std::string_view essence;     // "application/json", in the sender's case; empty where malformed
  std::string_view parameters;  // "charset=utf-8; ..."

  bool is(std::string_view type) const noexcept;  // ignoring case
  bool is_json() const noexcept;                  // application/json or anything +json (RFC 6839)
  // A parameter's value without its quotes; `unescaped` is its buffer where it was quoted with escapes.
  std::optional<std::string_view> parameter(std::string_view name, std::string& unescaped) const;
};

MediaType parse_media_type(std::string_view value) noexcept;

bool is_token(std::string_view text) noexcept;  // RFC 9110 section 5.6.2

// The quality (0 to 1000) that an Accept header gives to a media type; the parameters of its ranges do not count. An
// empty header, and one that is malformed, admits everything.
int media_quality(const http::ListField& accept, std::string_view type) noexcept;
inline bool acceptable(const http::ListField& accept, std::string_view type) noexcept {
  return media_quality(accept, type) > 0;
}

// Whether a content coding is the one of that name: "x-gzip" is gzip (section 8.4.1.3).
bool is_coding(std::string_view name, std::string_view coding) noexcept;
// The quality (0 to 1000) that an Accept-Encoding header gives to a coding; "*" speaks for those not named. "identity"
// is always taken unless refused: not named it is the least that is wanted, 1.
int encoding_quality(const http::ListField& accept_encoding, std::string_view coding) noexcept;
// Whether the client takes the coding, and nothing at all no rather (section 12.5.3).
bool prefers_coding(const http::ListField& accept_encoding, std::string_view coding) noexcept;

// Adds a name to those that the reply varies by (section 12.5.5), on however many lines they stand.
void add_vary(http::Response& response, std::string_view name);

using http::take_element;

}  // namespace marty::web
