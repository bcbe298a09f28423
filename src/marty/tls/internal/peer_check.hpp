// PeerCheck: what the verification of the peer's certificate found wrong first, so that the error can tell.
#pragma once

#include <string>
#include <string_view>

#include "marty/tls/internal/openssl.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

struct PeerCheck {
  int error = X509_V_OK;
  int depth = 0;            // of the certificate in the chain; 0: the peer's own
  Certificate certificate;  // which

  // Handshakes of `context` then tell the PeerCheck that is attached to their SSL, if any.
  static void install(SSL_CTX* context, int mode);
  bool failed() const noexcept { return error != X509_V_OK; }
  // The whole of the message: "the certificate of shop:8443 expired on …". `whom` it should be for: "" where no name
  // was asked for.
  std::string message(std::string_view holder, std::string_view whom) const;
};

// Of the verified certificate; null: the peer showed none.
std::shared_ptr<const Identity> verified_peer(const SSL* ssl);

}  // namespace marty::tls::internal
