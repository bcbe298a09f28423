#include "marty/web/authentication.hpp"

#include "marty/base/error.hpp"

namespace marty::web {
namespace {

using json::Value;

// A quoted-string (RFC 9110 section 5.6.4).
std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) (c == '"' || c == '\\' ? result += '\\' : result) += c;
  return result += '"';
}

// There is no registered scheme for keys: the challenge says where the key belongs.
Authentication api_key(std::string_view in, std::string name) {
  std::string challenge = "ApiKey in=" + std::string(in) + ", name=" + quoted_string(name);
  Value scheme = Value::object({{"type", "apiKey"}, {"in", in}, {"name", std::move(name)}});
  return {.name = "api_key", .challenge = std::move(challenge), .scheme = std::move(scheme)};
}

}  // namespace

Authentication bearer_token(std::string format) {
  Value scheme = Value::object({{"type", "http"}, {"scheme", "bearer"}});
  if (!format.empty()) scheme["bearerFormat"] = std::move(format);
  return {.name = "bearer", .challenge = "Bearer", .scheme = std::move(scheme)};
}

Authentication basic_credentials(std::string_view realm) {
  return {.name = "basic",
          .challenge = "Basic realm=" + quoted_string(realm) + ", charset=\"UTF-8\"",
          .scheme = Value::object({{"type", "http"}, {"scheme", "basic"}})};
}

Authentication api_key_in_header(std::string header) { return api_key("header", std::move(header)); }
Authentication api_key_in_query(std::string parameter) { return api_key("query", std::move(parameter)); }
Authentication api_key_in_cookie(std::string cookie) { return api_key("cookie", std::move(cookie)); }

// A 401 has to have a challenge; none is registered for certificates, which are asked for by TLS.
Authentication client_certificate() {
  return {
      .name = "client_certificate", .challenge = "ClientCertificate", .scheme = Value::object({{"type", "mutualTLS"}})};
}

void check(const Authentication& authentication) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (authentication.name.empty() || authentication.name.find_first_not_of(kAllowed) != std::string::npos) {
    throw Error(Code::invalid_argument, "the authentication \"" + authentication.name +
                                            "\" needs a name of letters, digits, '.', '-' and '_' for the document");
  }
  if (authentication.challenge.empty()) {
    throw Error(Code::invalid_argument, "the authentication " + authentication.name +
                                            " needs a challenge, such as \"Bearer\": each reply with 401 has one");
  }
  http::Response().add_header("www-authenticate", authentication.challenge);
}

void challenge(http::Response& response, std::span<const Authentication> authentications) {
  if (!response.list("www-authenticate").empty()) return;
  if (authentications.empty()) return response.add_header("www-authenticate", bearer_token().challenge);
  for (const Authentication& each : authentications) response.add_header("www-authenticate", each.challenge);
}

}  // namespace marty::web
