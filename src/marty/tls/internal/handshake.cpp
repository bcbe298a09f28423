#include "marty/tls/internal/handshake.hpp"

#include "marty/tls/internal/peer_check.hpp"

namespace marty::tls::internal {

Session session_of(std::unique_ptr<TlsSocket> socket, bool verified) {
  const SSL* const ssl = socket->ssl();
  Session session{.version = SSL_get_version(ssl),
                  .cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)),
                  .resumed = SSL_session_reused(ssl) == 1};
  const unsigned char* alpn = nullptr;
  unsigned int alpn_bytes = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_bytes);
  session.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_bytes);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) session.server_name = name;
  if (verified) session.peer = verified_peer(ssl);
  session.socket = runtime::Socket(std::move(socket));
  return session;
}

}  // namespace marty::tls::internal
