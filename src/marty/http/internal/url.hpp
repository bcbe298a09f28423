// The parts of an http or https URL that a client needs (RFC 3986, RFC 9110 section 4.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace marty::http::internal {

struct Url {
  bool secure = false;  // https
  std::string host;     // without brackets
  std::uint16_t port = 80;
  std::string authority;  // as Host has it: "shop:8080"; without the default port
  std::string target;     // "/path?query"
};

// Throws invalid_argument; the message holds neither user information nor a query. The fragment is dropped.
Url parse_url(std::string_view text);
// For logs, spans and errors: without the values of the query that nobody may read (telemetry/redaction.hpp).
std::string redacted_url(const Url& url);

}  // namespace marty::http::internal
