// What both sides make of a handshake that succeeded.
#pragma once

#include <memory>

#include "marty/tls/internal/tls_socket.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

// `verified`: the peer's certificate, where it showed one, has been.
Session session_of(std::unique_ptr<TlsSocket> socket, bool verified);

}  // namespace marty::tls::internal
