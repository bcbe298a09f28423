#include "marty/tls/internal/pem.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "marty/runtime/file.hpp"
#include "marty/tls/internal/identity.hpp"
#include "marty/tls/internal/library.hpp"

namespace marty::tls::internal {
namespace {

constexpr std::size_t kMaxFileBytes = 4 << 20;

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(Code::invalid_argument, fmt::format(format, std::forward<Arguments>(arguments)...));
}

// OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) { return -1; }

Bio reader_of(const File& file) {
  ERR_clear_error();
  Bio bio(BIO_new_mem_buf(file.content.data(), static_cast<int>(file.content.size())));
  require(bio != nullptr, "BIO_new_mem_buf");
  return bio;
}

}  // namespace

File read(const std::string& path) { return {path, runtime::read_file(path, kMaxFileBytes)}; }

std::string digest_of(const File& file) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(file.content.data()), file.content.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::vector<Certificate> parse_certificates(const File& file) {
  const Bio bio = reader_of(file);
  std::vector<Certificate> certificates;
  while (Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    certificates.push_back(std::move(certificate));
  }
  const unsigned long end = ERR_peek_last_error();
  const std::string reasons = take_errors();
  const bool at_end = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
  if (!at_end) refuse("{} is damaged: its certificate number {}: {}", file.path, certificates.size() + 1, reasons);
  if (certificates.empty()) refuse("{} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", file.path);
  return certificates;
}

PrivateKey parse_key(const File& file) {
  const Bio bio = reader_of(file);
  PrivateKey key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_password, nullptr, library(), nullptr));
  const std::string reasons = take_errors();
  if (key != nullptr) return key;
  if (file.content.find("ENCRYPTED") != std::string::npos)
    refuse("the key in {} is encrypted, and nobody is here to type its password: decrypt it (openssl pkey)", file.path);
  refuse("{} holds no private key in PEM form: {}", file.path, reasons);
}

Credentials parse_credentials(const File& certificate, const File& key, Timestamp now) {
  Credentials credentials{parse_certificates(certificate), parse_key(key)};
  X509* const leaf = credentials.chain.front().get();
  if (X509_check_private_key(leaf, credentials.key.get()) != 1) {
    ERR_clear_error();
    refuse(
        "the key in {} is not that of the first certificate in {} (CN and names: {}); the chain begins with the leaf",
        key.path, certificate.path, subject_of(leaf));
  }
  if (not_after_of(leaf) < now)
    refuse("the certificate in {} expired on {}: renew it", certificate.path, format_timestamp(not_after_of(leaf)));
  if (not_before_of(leaf) > now) {
    refuse("the certificate in {} is valid from {} on: until then nobody would accept it", certificate.path,
           format_timestamp(not_before_of(leaf)));
  }
  return credentials;
}

void use(SSL_CTX* context, const Credentials& credentials) {
  require(SSL_CTX_use_certificate(context, credentials.chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, credentials.key.get()) == 1,
          "the choice of a certificate");
  for (std::size_t i = 1; i < credentials.chain.size(); ++i)
    require(SSL_CTX_add1_chain_cert(context, credentials.chain[i].get()) == 1, "the chain of a certificate");
}

Store make_store(const std::vector<Certificate>& authorities) {
  Store store(X509_STORE_new());
  require(store != nullptr, "X509_STORE_new");
  for (const Certificate& authority : authorities)
    require(X509_STORE_add_cert(store.get(), authority.get()) == 1, "the list of authorities");
  return store;
}

}  // namespace marty::tls::internal
