#include "gcp/internal/service_account.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string_view>

#include "gcp/internal/exchange.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::gcp::internal {
namespace {

constexpr std::string_view kScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr int kLeastBits = 2048;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Error(Code::invalid_argument, std::string(kName) + ": the key file " + path + " " + std::string(why));
}

// Keys in files that want a passphrase are none of a service account.
int no_passphrase(char*, int, int, void*) { return -1; }

EVP_PKEY* read_key(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                        BIO_free);
  EVP_PKEY* key = bytes ? PEM_read_bio_PrivateKey(bytes.get(), nullptr, no_passphrase, nullptr) : nullptr;
  ERR_clear_error();
  return key;
}

}  // namespace

struct ServiceAccount::Key {
  EVP_PKEY* key = nullptr;
  ~Key() { EVP_PKEY_free(key); }
};

ServiceAccount::ServiceAccount(std::string& json, const std::string& path) : key_(std::make_unique<Key>()) {
  const secrets::Reply file(json);
  if (!file.is_object()) refuse(path, "is no JSON object");
  if (file.text("/type") != "service_account")
    refuse(path, "is not of the type service_account, the one that is supported");
  key_id_ = file.text("/private_key_id");
  email_ = file.text("/client_email");
  project_ = file.text("/project_id");
  token_uri_ = file.text("/token_uri");
  if (email_.empty()) refuse(path, "has no client_email");
  key_->key = read_key(file.text("/private_key"));
  if (key_->key == nullptr || EVP_PKEY_base_id(key_->key) != EVP_PKEY_RSA || EVP_PKEY_bits(key_->key) < kLeastBits)
    refuse(path, "has no private_key that is an RSA key of at least 2048 bits in PEM");
}

ServiceAccount::~ServiceAccount() = default;
ServiceAccount::ServiceAccount(ServiceAccount&&) noexcept = default;

std::string ServiceAccount::assertion(const std::string& audience, Timestamp now) const {
  const auto issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  json::Value header = json::Value::object({{"alg", "RS256"}, {"typ", "JWT"}});
  if (!key_id_.empty()) header["kid"] = key_id_;
  const json::Value claims = json::Value::object(
      {{"iss", email_}, {"scope", kScope}, {"aud", audience}, {"iat", issued}, {"exp", issued + 3600}});
  std::string token = base64url_encode(header.to_string()) + "." + base64url_encode(claims.to_string());

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_size(key_->key)), '\0');
  std::size_t size = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, token.size()) !=
          1)
    throw Error(Code::internal, std::string(kName) + ": OpenSSL cannot sign with the key of " + email_);
  signature.resize(size);
  return token + "." + base64url_encode(signature);
}

}  // namespace marty::gcp::internal
