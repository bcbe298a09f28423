#include "marty/tls/internal/server_snapshot.hpp"

#include <fmt/format.h>

#include "marty/runtime/time.hpp"
#include "marty/tls/internal/identity.hpp"
#include "marty/tls/internal/peer_check.hpp"
#include "marty/tls/internal/settings.hpp"

namespace marty::tls::internal {
namespace {

constexpr unsigned char kSessionContext[] = "marty";

int verify_mode(ClientCertificates certificates) {
  switch (certificates) {
    case ClientCertificates::none:
      return SSL_VERIFY_NONE;
    case ClientCertificates::optional:
      return SSL_VERIFY_PEER;
    case ClientCertificates::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

}  // namespace

ServerFiles ServerFiles::read(const ServerOptions& options) {
  ServerFiles files;
  for (const CertificateFiles& pair : options.certificates)
    files.certificates.push_back({internal::read(pair.certificate), internal::read(pair.key)});
  if (options.client_certificates != ClientCertificates::none) files.client_ca = internal::read(options.client_ca);
  return files;
}

std::string ServerFiles::ca_digest() const { return client_ca.path.empty() ? std::string() : digest_of(client_ca); }

std::string ServerFiles::digest() const {
  std::string digest = ca_digest();
  for (const Pair& pair : certificates) digest += digest_of(pair.certificate) + digest_of(pair.key);
  return digest;
}

ServerSnapshot::ServerSnapshot(const ServerOptions& options, const ServerFiles& files, std::shared_ptr<TicketKeys> keys)
    : digest(files.digest()),
      ca_digest(files.ca_digest()),
      ticket_keys(std::move(keys)),
      alpn_(alpn_list(options.alpn)) {
  if (options.client_certificates != ClientCertificates::none) {
    authorities_ = parse_certificates(files.client_ca);
    store_ = make_store(authorities_);
  }
  for (const ServerFiles::Pair& pair : files.certificates)
    add(options, parse_credentials(pair.certificate, pair.key, runtime::wall_now()));
}

void ServerSnapshot::add(const ServerOptions& options, const Credentials& credentials) {
  SslContext context = new_context(TLS_server_method());
  SSL_CTX* const raw = context.get();
  use(raw, credentials);
  ticket_keys->serve(raw);
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof kSessionContext - 1);
  PeerCheck::install(raw, verify_mode(options.client_certificates));
  if (store_ != nullptr) SSL_CTX_set1_cert_store(raw, store_.get());
  for (const Certificate& authority : authorities_) SSL_CTX_add_client_CA(raw, authority.get());
  SSL_CTX_set_tlsext_servername_callback(raw, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(raw, this);
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(raw, on_alpn, this);
  for (const std::string& name : names_of(credentials.chain.front().get())) names_.add(name, contexts_.size());
  contexts_.push_back(std::move(context));
}

Ssl ServerSnapshot::new_connection() const {
  Ssl ssl(SSL_new(contexts_.front().get()));
  require(ssl != nullptr, "SSL_new");
  SSL_set_accept_state(ssl.get());
  if (store_ != nullptr) set_time(ssl.get(), runtime::wall_now());
  return ssl;
}

int ServerSnapshot::on_server_name(SSL* ssl, int*, void* snapshot) noexcept {
  const auto& self = *static_cast<const ServerSnapshot*>(snapshot);
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  // Where no certificate is for the name, the client may know why it trusts the first all the same.
  if (const auto found = self.names_.find(name)) SSL_set_SSL_CTX(ssl, self.contexts_[*found].get());
  return SSL_TLSEXT_ERR_OK;
}

int ServerSnapshot::on_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                            const unsigned char* offered, unsigned int offered_bytes, void* snapshot) noexcept {
  const std::string& ours = static_cast<const ServerSnapshot*>(snapshot)->alpn_;
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, chosen_bytes, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned int>(ours.size()), offered, offered_bytes);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
}

}  // namespace marty::tls::internal
