// What every connection has in common: versions, suites, curves and what OpenSSL may do by itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/base/time.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {

// How long a session may be resumed after the handshake that made it.
inline constexpr auto kSessionLifetime = std::chrono::hours(12);

SslContext new_context(const SSL_METHOD* method);

// The names as ALPN sends them (RFC 7301 section 3.1). Throws invalid_argument.
std::string alpn_list(const std::vector<std::string>& names);

// Certificates are checked against the clock of the world.
void set_time(SSL* ssl, Timestamp now);

}  // namespace marty::tls::internal
