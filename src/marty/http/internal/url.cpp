#include "marty/http/internal/url.hpp"

#include <charconv>

#include "marty/base/authority.hpp"
#include "marty/base/error.hpp"
#include "marty/http/internal/target.hpp"
#include "marty/http/message.hpp"
#include "marty/telemetry/redaction.hpp"

namespace marty::http::internal {
namespace {

constexpr std::string_view kPlain = "http://", kSecure = "https://";

bool begins_with(std::string_view text, std::string_view scheme) {
  return text.size() >= scheme.size() && header_name_equals(text.substr(0, scheme.size()), scheme);
}

// What may be told of a URL that is none: where its parts end is not known, so whatever could be a password is left
// out.
std::string tellable(std::string_view text) {
  std::size_t start = 0;
  for (const std::string_view scheme : {kPlain, kSecure}) start = begins_with(text, scheme) ? scheme.size() : start;
  std::string told(text.substr(0, start));
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    told += telemetry::kRedacted;
    if (text.find_first_of("/?#", start) < at) return told;
    start = at;
  }
  const std::string_view rest = text.substr(start);
  const std::size_t end = std::min(rest.find_first_of("?#"), rest.size());
  told += rest.substr(0, end);
  return end < rest.size() ? told.append(rest.substr(end, 1)).append(telemetry::kRedacted) : told;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(Code::invalid_argument, "the URL \"" + tellable(text) + "\" cannot be used: " + std::string(why));
}

std::uint16_t default_port(bool secure) { return secure ? 443 : 80; }

std::uint16_t parse_port(std::string_view text, std::string_view digits, std::uint16_t otherwise) {
  if (digits.empty()) return otherwise;
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || port == 0)
    refuse(text, "its port is not 1 to 65535");
  return port;
}

}  // namespace

Url parse_url(std::string_view text) {
  Url url;
  url.secure = begins_with(text, kSecure);
  if (!url.secure && !begins_with(text, kPlain)) refuse(text, "it does not begin with http:// or https://");
  const std::size_t scheme = url.secure ? kSecure.size() : kPlain.size();
  const std::string_view rest = text.substr(scheme, text.find('#') - scheme);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  const std::string_view target = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) refuse(text, "user information is not supported");

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) refuse(text, "a bracket of its host is missing");
    url.host = authority.substr(1, bracket - 1);
    port = authority.substr(bracket + 1);
    if (!port.empty() && port.front() != ':') refuse(text, "something other than a port follows its host");
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (url.host.empty()) refuse(text, "it has no host");
  url.port = parse_port(text, port.empty() ? port : port.substr(1), default_port(url.secure));
  url.authority = authority.substr(0, authority.size() - port.size());
  if (!is_authority(url.authority)) refuse(text, "its host is none of a URI");
  if (url.port != default_port(url.secure)) url.authority += ":" + std::to_string(url.port);
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  if (!is_path_and_query(url.target))
    refuse(text, "its path or query holds characters that have to be percent-encoded");
  return url;
}

std::string redacted_url(const Url& url) {
  const std::size_t query = std::min(url.target.find('?'), url.target.size() - 1) + 1;
  return std::string(url.secure ? kSecure : kPlain) + url.authority + url.target.substr(0, query) +
         telemetry::redacted_query(std::string_view(url.target).substr(query));
}

}  // namespace marty::http::internal
