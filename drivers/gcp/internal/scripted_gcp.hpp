// For tests: one server that is Secret Manager, the token endpoint and the metadata server, as a test scripts it; and
// the key of a service account.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gcp/gcp.hpp"
#include "gcp/internal/crc32c.hpp"
#include "marty/base/encoding.hpp"
#include "marty/http/internal/scripted_server.hpp"
#include "marty/json/value.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::gcp::internal {

using http::internal::ScriptedAnswer;
using http::internal::SeenRequest;

inline constexpr std::string_view kValue = "hunter2";

// An RSA key that OpenSSL makes for one test.
class TestKey {
 public:
  explicit TestKey(unsigned bits = 2048) : key_(EVP_RSA_gen(bits), EVP_PKEY_free) {}

  std::string pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bytes.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* start = nullptr;
    const long size = BIO_get_mem_data(bytes.get(), &start);
    return {start, static_cast<std::size_t>(size)};
  }
  // Whether this key has signed the JWT.
  bool verifies(const std::string& token) const {
    const std::size_t dot = token.rfind('.');
    const auto signature = base64url_decode(token.substr(dot + 1));
    if (!signature) return false;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature->data()), signature->size(),
                            reinterpret_cast<const unsigned char*>(token.data()), dot) == 1;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

inline const TestKey& test_key() {
  static const TestKey key;  // takes a while to make
  return key;
}

inline json::Value key_file_of(const std::string& pem, const std::string& token_uri) {
  return json::Value::object({{"type", "service_account"},
                              {"project_id", "shop-123"},
                              {"private_key_id", "key-1"},
                              {"private_key", pem},
                              {"client_email", "reader@shop-123.iam.gserviceaccount.com"},
                              {"token_uri", token_uri}});
}

// A part of a JWT, read.
inline json::Value part_of(const std::string& token, int index) {
  std::size_t start = 0;
  for (; index > 0; --index) start = token.find('.', start) + 1;
  return json::Value::parse(*base64url_decode(token.substr(start, token.find('.', start) - start)));
}

class ScriptedGcp : public http::internal::ScriptedServer {
 public:
  using ScriptedServer::ScriptedServer;

  std::string token_uri() const { return endpoint() + "/token"; }
  Options options() const {
    return {.project = "shop-123",
            .endpoint = endpoint(),
            .metadata_host = endpoint().substr(7),
            .insecure = true};  // as in the simulated world it is another machine
  }
  Options with_key_file(const secrets::internal::TokenFile& file) const {
    Options filled = options();
    filled.key_file = file.path;
    filled.token_uri = token_uri();
    return filled;
  }
};

inline bool is_read(const SeenRequest& request) { return request.target.starts_with("/v1/projects/"); }

inline ScriptedAnswer secret(std::string_view value = kValue) {
  return {200, R"({"name":"projects/7/secrets/shop--db/versions/3","payload":{"data":")" + base64_encode(value) +
                   R"(","dataCrc32c":")" + std::to_string(crc32c(value)) + "\"}}"};
}

inline ScriptedAnswer refusal(int status, std::string_view kind, std::string_view reason = "",
                              std::string_view permission = "") {
  std::string body =
      R"({"error":{"code":)" + std::to_string(status) + R"(,"message":"no","status":")" + std::string(kind) + "\"";
  if (!reason.empty())
    body += R"(,"details":[{"reason":")" + std::string(reason) + R"(","metadata":{"permission":")" +
            std::string(permission) + "\"}}]";
  return {status, body + "}}"};
}

// Of the token endpoint, and of the metadata server.
inline ScriptedAnswer token(std::string_view token, int seconds = 3600) {
  return {200,
          R"({"token_type":"Bearer","expires_in":)" + std::to_string(seconds) + R"(,"access_token":")" +
              std::string(token) + "\"}",
          false,
          {{"metadata-flavor", "Google"}}};
}

inline void simulate(const std::function<void()>& test) {
  http::internal::run_in(http::internal::WorldKind::simulated, test);
}

}  // namespace marty::gcp::internal
