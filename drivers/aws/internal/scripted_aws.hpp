// For tests: one server that is Secrets Manager, STS, a container agent and the instance metadata, as a test scripts
// it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "aws/aws.hpp"
#include "marty/http/internal/scripted_server.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::aws::internal {

using http::internal::ScriptedAnswer;
using http::internal::SeenRequest;
using secrets::internal::read;

inline constexpr std::string_view kSecretKey = "sEcReTkEy";
inline constexpr std::string_view kSessionToken = "sEsSiOn";
inline constexpr std::string_view kValue = "hunter2";

class ScriptedAws : public http::internal::ScriptedServer {
 public:
  using ScriptedServer::ScriptedServer;

  Options options() const {
    return {.region = "eu-west-1",
            .endpoint = endpoint(),
            .sts_endpoint = endpoint(),
            .metadata_endpoint = endpoint(),
            .insecure = true};  // as in the simulated world it is another machine
  }
  Options with_keys() const {
    Options filled = options();
    filled.access_key_id = "AKIDEXAMPLE";
    filled.secret_access_key = Secret(kSecretKey);
    filled.session_token = Secret(kSessionToken);
    return filled;
  }
};

inline ScriptedAnswer secret(std::string_view value = kValue) {
  return {200, R"({"Name":"shop/db","VersionId":"v-1","SecretString":")" + std::string(value) + R"("})"};
}

inline ScriptedAnswer refusal(int status, std::string_view type, std::string_view message = "no") {
  return {status, R"({"__type":")" + std::string(type) + R"(","message":")" + std::string(message) + R"("})"};
}

inline void simulate(const std::function<void()>& test) {
  http::internal::run_in(http::internal::WorldKind::simulated, test);
}

}  // namespace marty::aws::internal
