// The contract of every store, against a fake: a server that is written from Google's documentation of Secret Manager,
// the token endpoint and the metadata server, because no emulator of them can be had. It verifies what a service
// account signs; what it shows is that we agree with our own reading of the documentation, and no more.
#include <gtest/gtest.h>

#include "gcp/gcp.hpp"
#include "gcp/internal/scripted_gcp.hpp"
#include "marty/secrets/internal/fake_backend.hpp"

namespace marty::gcp {
namespace {

using internal::key_file_of;
using internal::part_of;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::SeenRequest;
using internal::test_key;
using secrets::internal::FakeBackend;
using secrets::internal::FakeSecrets;
using secrets::internal::TokenFile;

constexpr std::string_view kEmail = "reader@shop-123.iam.gserviceaccount.com";
constexpr std::string_view kGrant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

class FakeGcp {
 public:
  FakeGcp(const FakeSecrets& secrets, std::uint16_t port)
      : secrets_(secrets), server_([this](const SeenRequest& request) { return answer(request); }, port) {}

  static std::string name_of(std::string path) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at)) path.replace(at, 1, "--");
    return path;
  }
  std::string endpoint() const { return server_.endpoint(); }
  std::uint16_t port() const { return server_.port(); }

 private:
  ScriptedAnswer answer(const SeenRequest& request) const {
    if (request.method == "POST" && request.target == "/token") return answer_login(request);
    if (request.target == "/computeMetadata/v1/instance/service-accounts/default/token")
      return request.header("metadata-flavor") == "Google" ? internal::token("token-of-machine")
                                                           : ScriptedAnswer{403, "Forbidden"};
    return answer_access(request);
  }

  // RFC 7523 section 3: who says it, to whom, until when, and signed with the key that the account has.
  ScriptedAnswer answer_login(const SeenRequest& request) const {
    if (!request.body.starts_with(kGrant)) return {400, R"({"error":"unsupported_grant_type"})"};
    const std::string assertion = request.body.substr(kGrant.size());
    if (!test_key().verifies(assertion)) return {400, R"({"error":"invalid_grant"})"};
    const json::Value claims = part_of(assertion, 1);
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(runtime::wall_now().time_since_epoch()).count();
    const bool is_good = claims["iss"].as_string() == kEmail && claims["aud"].as_string() == endpoint() + "/token" &&
                         claims["scope"].as_string() == "https://www.googleapis.com/auth/cloud-platform" &&
                         claims["iat"].as_integer() <= now + 1 && claims["exp"].as_integer() > now &&
                         claims["exp"].as_integer() - claims["iat"].as_integer() <= 3600;
    return is_good ? internal::token("token-of-account") : ScriptedAnswer{400, R"({"error":"invalid_grant"})"};
  }

  ScriptedAnswer answer_access(const SeenRequest& request) const {
    const std::string start = "/v1/projects/shop-123/secrets/", end = "/versions/latest:access";
    const std::string token = request.header("authorization");
    if (token != "Bearer token-of-account" && token != "Bearer token-of-machine")
      return refusal(401, "UNAUTHENTICATED");
    if (request.method != "GET" || !request.target.starts_with(start) || !request.target.ends_with(end))
      return {404, "<html>"};
    const std::string name = request.target.substr(start.size(), request.target.size() - start.size() - end.size());
    const auto found = secrets_.find(name);
    if (found == secrets_.end()) return refusal(404, "NOT_FOUND");
    const std::string& value = found->second.back();
    return {200, R"({"name":"projects/7/secrets/)" + name + "/versions/" + std::to_string(found->second.size()) +
                     R"(","payload":{"data":")" + base64_encode(value) + R"(","dataCrc32c":")" +
                     std::to_string(internal::crc32c(value)) + "\"}}"};
  }

  const FakeSecrets& secrets_;
  http::internal::ScriptedServer server_;
};

FakeBackend<FakeGcp> by_key_file("FakeGcpByKeyFile", [](const FakeGcp& server) {
  const TokenFile file(key_file_of(test_key().pem(), "https://oauth2.googleapis.com/token").to_string());
  return store({.key_file = file.path, .endpoint = server.endpoint(), .token_uri = server.endpoint() + "/token"});
});

FakeBackend<FakeGcp> by_metadata("FakeGcpByMetadata", [](const FakeGcp& server) {
  return store({.project = "shop-123", .endpoint = server.endpoint()},
               {{"GCE_METADATA_HOST", server.endpoint().substr(7)}});
});

}  // namespace
}  // namespace marty::gcp

namespace marty::secrets::contract {
INSTANTIATE_TEST_SUITE_P(Gcp, StoreContract, testing::Values(&gcp::by_key_file, &gcp::by_metadata), name_of);
INSTANTIATE_TEST_SUITE_P(Gcp, StoreOutageContract, testing::Values(&gcp::by_key_file, &gcp::by_metadata), name_of);
}  // namespace marty::secrets::contract
