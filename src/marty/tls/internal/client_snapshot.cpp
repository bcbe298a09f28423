#include "marty/tls/internal/client_snapshot.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>

#include "marty/runtime/time.hpp"
#include "marty/tls/internal/settings.hpp"

namespace marty::tls::internal {
namespace {

// Where distributions keep the authorities that they trust, as one file: Debian, Fedora, SUSE, and Alpine or BSD.
constexpr std::array kSystemAuthorities{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

// One file, so that nothing has to be looked up on the disk in the middle of a handshake.
File read_system_authorities() {
  if (const char* named = std::getenv(X509_get_default_cert_file_env())) return read(named);
  for (const char* path : kSystemAuthorities) {
    try {
      return read(path);
    } catch (const Error& error) {
      if (error.code() != Code::not_found) throw;
    }
  }
  throw Error(Code::not_found,
              fmt::format("this system has no list of trusted authorities (looked for {}): install ca-certificates, or "
                          "name a file of your own (ca, or the variable {})",
                          fmt::join(kSystemAuthorities, ", "), X509_get_default_cert_file_env()));
}

int on_session(SSL* ssl, SSL_SESSION* session) noexcept {
  const auto* const link = attached<ClientLink>(ssl);
  link->snapshot->sessions.put(link->server, SslSession(session), runtime::wall_now());
  return 1;  // it is ours now
}

}  // namespace

ClientFiles ClientFiles::read(const ClientOptions& options) {
  ClientFiles files;
  if (options.verify) files.ca = options.ca.empty() ? read_system_authorities() : internal::read(options.ca);
  if (options.certificate.certificate.empty()) return files;
  files.certificate = internal::read(options.certificate.certificate);
  files.key = internal::read(options.certificate.key);
  return files;
}

std::string ClientFiles::digest() const { return digest_of(ca) + digest_of(certificate) + digest_of(key); }

ClientSnapshot::ClientSnapshot(const ClientOptions& options, const ClientFiles& files)
    : digest(files.digest()), context(new_context(TLS_client_method())) {
  if (options.verify) PeerCheck::install(context.get(), SSL_VERIFY_PEER);
  if (options.verify) SSL_CTX_set1_cert_store(context.get(), make_store(parse_certificates(files.ca)).get());
  if (!files.certificate.path.empty())
    use(context.get(), parse_credentials(files.certificate, files.key, runtime::wall_now()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), on_session);
}

}  // namespace marty::tls::internal
