// For tests: one server that is Secrets Manager, STS, a container agent and the instance metadata, as a test scripts
// it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/aws.hpp"
#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::aws::internal {

inline constexpr std::string_view kSecretKey = "sEcReTkEy";
inline constexpr std::string_view kSessionToken = "sEsSiOn";
inline constexpr std::string_view kValue = "hunter2";

struct ScriptedAnswer {
  int status = 200;
  std::string body;
  bool is_cut = false;
};

struct SeenRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;

  std::string header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (http::header_name_equals(known, name)) return value;
    }
    return "";
  }
};

class ScriptedAws {
 public:
  using Script = std::function<ScriptedAnswer(const SeenRequest&)>;

  explicit ScriptedAws(Script script)
      : script_(std::move(script)), server_([this](auto& q, auto& a) { serve(q, a); }) {}

  std::string endpoint() const { return "http://" + server_.server.address().to_string(); }
  Options options() const {
    return {.region = "eu-west-1", .endpoint = endpoint(), .sts_endpoint = endpoint(), .metadata_endpoint = endpoint()};
  }
  Options with_keys() const {
    Options filled = options();
    filled.access_key_id = "AKIDEXAMPLE";
    filled.secret_access_key = Secret(kSecretKey);
    filled.session_token = Secret(kSessionToken);
    return filled;
  }
  std::vector<SeenRequest> seen;

  int count(std::string_view target) const {
    int count = 0;
    for (const SeenRequest& request : seen) count += request.target == target ? 1 : 0;
    return count;
  }

 private:
  void serve(http::Request& request, http::Response& response) {
    SeenRequest now{std::string(request.method_text), std::string(request.target), std::string(request.body()), {}};
    for (const http::Header& header : request.headers) now.headers.emplace_back(header.name, header.value);
    seen.push_back(now);
    const ScriptedAnswer answer = script_(now);
    response.status = answer.status;
    if (!answer.is_cut) return response.set_body(answer.body, "application/x-amz-json-1.1");
    response.begin().write(answer.body);
    response.fail();
  }

  Script script_;
  http::internal::TestServer server_;
};

// "code: message" of what reading throws, else the value; "(nothing)" where there is none.
inline std::string read(secrets::Store& store, std::string_view key = "shop/db") {
  try {
    const auto found = store.get(secrets::Key::parse(key));
    return found ? std::string(found->value.reveal()) : "(nothing)";
  } catch (const Error& error) {
    return std::string(code_info(error.code()).name) + ": " + error.message();
  }
}

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
