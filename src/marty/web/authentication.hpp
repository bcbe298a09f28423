// Authentication: how callers prove who they are, as it is told – in the OpenAPI document, whose pages then ask for it
// and send it, and in the challenge of a 401 (RFC 9110 section 11.6.1). Who does it is a filter:
//
//   app.authentication(api_key_in_header("X-API-Key"));
//   app.filter(Phase::authentication, "keys", [&keys](http::Request& request, http::Response&, Next next) {
//     if (const auto owner = keys.owner(request.header("x-api-key"))) next.exchange().set_caller({.id = *owner});
//     next();
//   });
//
// Several are alternatives. Where nothing is told, it is bearer_token().
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"
#include "marty/json/value.hpp"

namespace marty::web {

struct Authentication {
  std::string name;       // in the document: letters, digits, '.', '-' and '_'
  std::string challenge;  // the value of WWW-Authenticate: "Bearer", "Basic realm=\"shop\""
  json::Value scheme;     // the Security Scheme Object (OpenAPI 3.1 section 4.8.27)
};

Authentication bearer_token(std::string format = {});  // RFC 6750; of the format, as "JWT", only the document speaks
Authentication basic_credentials(std::string_view realm);  // RFC 7617
Authentication api_key_in_header(std::string header);
Authentication api_key_in_query(std::string parameter);
Authentication api_key_in_cookie(std::string cookie);
Authentication client_certificate();  // mTLS: no filter is needed, the certificate's id is the caller's

// Throws Error(invalid_argument) for a name or a challenge that cannot be written.
void check(const Authentication& authentication);

// Adds the challenges to a reply that has none.
void challenge(http::Response& response, std::span<const Authentication> authentications);

}  // namespace marty::web
