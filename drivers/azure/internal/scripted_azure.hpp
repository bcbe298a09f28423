// For tests: one server that is the vault, the login and the metadata service, as a test scripts it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "azure/azure.hpp"
#include "marty/http/internal/scripted_server.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::azure::internal {

using http::internal::ScriptedAnswer;
using http::internal::SeenRequest;

inline constexpr std::string_view kClientSecret = "cLiEnT";
inline constexpr std::string_view kValue = "hunter2";

class ScriptedAzure : public http::internal::ScriptedServer {
 public:
  using ScriptedServer::ScriptedServer;

  Options options() const {
    return {.vault_url = endpoint(),
            .login_endpoint = endpoint() + "/",
            .metadata_endpoint = endpoint(),
            .insecure = true};  // as in the simulated world it is another machine
  }
  Options with_client_secret() const {
    Options filled = options();
    filled.tenant_id = "tenant";
    filled.client_id = "app";
    filled.client_secret = Secret(kClientSecret);
    return filled;
  }
};

inline bool is_read(const SeenRequest& request) { return request.target.starts_with("/secrets/"); }

inline ScriptedAnswer secret(std::string_view value = kValue) {
  return {200, R"({"value":")" + std::string(value) + R"(","id":"https://v/secrets/shop--db/0123abcd"})"};
}

inline ScriptedAnswer refusal(int status, std::string_view code, std::string_view inner = "") {
  std::string body = R"({"error":{"code":")" + std::string(code) + R"(","message":"no")";
  if (!inner.empty()) body += R"(,"innererror":{"code":")" + std::string(inner) + "\"}";
  return {status, body + "}}"};
}

inline ScriptedAnswer token(std::string_view token, int seconds = 3600) {
  return {200, R"({"token_type":"Bearer","expires_in":)" + std::to_string(seconds) + R"(,"access_token":")" +
                   std::string(token) + "\"}"};
}

inline void simulate(const std::function<void()>& test) {
  http::internal::run_in(http::internal::WorldKind::simulated, test);
}

}  // namespace marty::azure::internal
