// Media types and the headers that negotiate over them (RFC 9110 sections 8.3 and 12).
//
//   MediaType type = parse_media_type("application/json; charset=utf-8");   // type.essence_is("application/json")
//   acceptable("text/html, */*;q=0.1", "application/json");                 // true
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

// The quality (0 to 1000) that an Accept header gives to a media type; the parameters of its ranges do not count. An
// empty header, and one that is malformed, admits everything.
int media_quality(std::string_view accept, std::string_view type) noexcept;
inline bool acceptable(std::string_view accept, std::string_view type) noexcept {
  return media_quality(accept, type) > 0;
}

// The quality (0 to 1000) that an Accept-Encoding header gives to a coding; "*" speaks for those not named, and
// "identity" is 1000 unless refused.
int encoding_quality(std::string_view accept_encoding, std::string_view coding) noexcept;

// Takes the next element off a comma-separated list: without surrounding blanks; commas in quoted strings do not
// separate.
std::string_view take_element(std::string_view& list, char separator = ',') noexcept;

}  // namespace marty::web
