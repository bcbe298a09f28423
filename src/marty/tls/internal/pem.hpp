// The contents of PEM files (RFC 7468). Every error is invalid_argument and names the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/base/time.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {

// A file that was read, with its name for messages.
struct File {
  std::string path;
  std::string content;
};

// Through the runtime: a slow disk holds no loop. Throws not_found, permission_denied.
File read(const std::string& path);
// SHA-256 of the content: whether it is still the same file.
std::string digest_of(const File& file);

std::vector<Certificate> parse_certificates(const File& file);  // at least one
PrivateKey parse_key(const File& file);

// A certificate that we show: the chain, leaf first, and the key of the leaf. Throws where the two do not belong
// together, and where the leaf is not valid at `now`.
struct Credentials {
  std::vector<Certificate> chain;
  PrivateKey key;
};
Credentials parse_credentials(const File& certificate, const File& key, Timestamp now);
void use(SSL_CTX* context, const Credentials& credentials);

// Those of the file as authorities to verify against.
Store make_store(const std::vector<Certificate>& authorities);

}  // namespace marty::tls::internal
