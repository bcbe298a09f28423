#include "marty/tls/internal/settings.hpp"

#include <fmt/format.h>

#include "marty/tls/internal/library.hpp"

namespace marty::tls::internal {
namespace {

// AEAD with forward secrecy only (RFC 9325 section 4.2). AES-128 first: the fastest that is beyond doubt.
constexpr const char* kSuitesOf12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuitesOf13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr int kSecurityLevel = 2;  // of OpenSSL: 112 bits, so RSA from 2048 bits on and no SHA-1

// What one read takes from the socket: several records of a busy peer at once.
constexpr std::size_t kReadAheadBytes = 32 << 10;

}  // namespace

SslContext new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new_ex(library(), nullptr, method));
  require(context != nullptr, "SSL_CTX_new_ex");
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_security_level(raw, kSecurityLevel);
  require(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(raw, kSuitesOf12) == 1 && SSL_CTX_set_ciphersuites(raw, kSuitesOf13) == 1 &&
              SSL_CTX_set1_groups_list(raw, kGroups) == 1,
          "the choice of versions, suites and curves");
  // A client that puts ChaCha20 first has no hardware for AES.
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_clear_options(raw, SSL_OP_IGNORE_UNEXPECTED_EOF);  // whatever openssl.cnf says
  SSL_CTX_set_max_early_data(raw, 0);
  // Of a chain, what is in its file is sent; none is looked for among the authorities.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  // Messages to OpenSSL itself are no reason to go on reading: a peer that sends nothing else would hold the loop.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_read_buffer_len(raw, kReadAheadBytes);
  SSL_CTX_set_timeout(raw, std::chrono::seconds(kSessionLifetime).count());
  return context;
}

std::string alpn_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) {
      throw Error(Code::invalid_argument,
                  fmt::format("\"{}\" is not an ALPN protocol name: it has {} bytes, and 1 to 255 are allowed", name,
                              name.size()));
    }
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

void set_time(SSL* ssl, Timestamp now) {
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl),
                             std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace marty::tls::internal
