// The contract of every store, against a fake: a server that is written from Microsoft's documentation of Key Vault,
// the login and the metadata service. What it shows is that we agree with our own reading of the documentation.
#include <gtest/gtest.h>

#include "azure/azure.hpp"
#include "azure/internal/scripted_azure.hpp"
#include "marty/secrets/internal/fake_backend.hpp"

namespace marty::azure {
namespace {

using internal::kClientSecret;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::SeenRequest;
using secrets::internal::FakeBackend;
using secrets::internal::FakeSecrets;

class FakeAzure {
 public:
  FakeAzure(const FakeSecrets& secrets, std::uint16_t port)
      : secrets_(secrets), server_([this](const SeenRequest& request) { return answer(request); }, port) {}

  static std::string name_of(std::string path) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at)) path.replace(at, 1, "--");
    return path;
  }
  std::string endpoint() const { return server_.endpoint(); }
  std::uint16_t port() const { return server_.port(); }

 private:
  ScriptedAnswer answer(const SeenRequest& request) const {
    if (request.method == "POST" && request.target == "/tenant/oauth2/v2.0/token") return answer_login(request);
    if (request.target.starts_with("/metadata/identity/oauth2/token?")) return answer_metadata(request);
    return answer_read(request);
  }

  static ScriptedAnswer answer_login(const SeenRequest& request) {
    const bool is_known = request.body ==
                          "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2F"
                          "vault.azure.net%2F.default&client_secret=" +
                              std::string(kClientSecret);
    return is_known ? internal::token("token-of-app")
                    : ScriptedAnswer{401, R"({"error":"invalid_client","error_codes":[7000215]})"};
  }

  static ScriptedAnswer answer_metadata(const SeenRequest& request) {
    const bool is_known = request.header("metadata") == "true" &&
                          request.target.find("resource=https%3A%2F%2Fvault.azure.net") != std::string::npos;
    return is_known ? ScriptedAnswer{200, R"({"access_token":"token-of-machine","expires_in":"3600"})"}
                    : ScriptedAnswer{400, R"({"error":"invalid_request"})"};
  }

  ScriptedAnswer answer_read(const SeenRequest& request) const {
    const std::string start = "/secrets/", end = "?api-version=7.4";
    const std::string token = request.header("authorization");
    if (token != "Bearer token-of-app" && token != "Bearer token-of-machine") return refusal(401, "Unauthorized");
    if (request.method != "GET" || !request.target.starts_with(start) || !request.target.ends_with(end))
      return refusal(400, "BadParameter");
    const std::string name = request.target.substr(start.size(), request.target.size() - start.size() - end.size());
    const auto found = secrets_.find(name);
    if (found == secrets_.end()) return refusal(404, "SecretNotFound");
    const json::Value answer =
        json::Value::object({{"value", found->second.back()},
                             {"id", endpoint() + "/secrets/" + name + "/" + std::to_string(found->second.size())},
                             {"attributes", json::Value::object({{"enabled", true}})}});
    return {200, answer.to_string()};
  }

  const FakeSecrets& secrets_;
  http::internal::ScriptedServer server_;
};

FakeBackend<FakeAzure> by_client_secret("FakeAzureByClientSecret", [](const FakeAzure& server) {
  return store({.vault_url = server.endpoint(),
                .tenant_id = "tenant",
                .client_id = "app",
                .client_secret = Secret(kClientSecret),
                .login_endpoint = server.endpoint()});
});

FakeBackend<FakeAzure> by_metadata("FakeAzureByManagedIdentity", [](const FakeAzure& server) {
  return store({.vault_url = server.endpoint(), .metadata_endpoint = server.endpoint()});
});

}  // namespace
}  // namespace marty::azure

namespace marty::secrets::contract {
INSTANTIATE_TEST_SUITE_P(Azure, StoreContract, testing::Values(&azure::by_client_secret, &azure::by_metadata), name_of);
INSTANTIATE_TEST_SUITE_P(Azure, StoreOutageContract, testing::Values(&azure::by_client_secret, &azure::by_metadata),
                         name_of);
}  // namespace marty::secrets::contract
