#include <fmt/format.h>
#include <fmt/ranges.h>

#include "marty/tls/internal/handshake.hpp"
#include "marty/tls/internal/peer_check.hpp"
#include "marty/tls/internal/reloadable.hpp"
#include "marty/tls/internal/server_snapshot.hpp"
#include "marty/tls/internal/tls_socket.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {

using internal::Fault;
using internal::PeerCheck;
using internal::ServerFiles;
using internal::ServerSnapshot;
using internal::TicketKeys;
using internal::TlsSocket;

namespace {

void check(const ServerOptions& options) {
  if (options.certificates.empty())
    throw Error(Code::invalid_argument, "a TLS server needs a certificate: name its two files (certificates)");
  const bool asks = options.client_certificates != ClientCertificates::none;
  if (asks && options.client_ca.empty()) {
    throw Error(Code::invalid_argument,
                "clients are asked for certificates, but nothing says whose are trusted: name a file (client_ca)");
  }
  if (!asks && !options.client_ca.empty()) {
    throw Error(Code::invalid_argument, fmt::format("{} is named (client_ca), but clients are not asked for "
                                                    "certificates: let client_certificates be optional or required",
                                                    options.client_ca));
  }
}

// What a client of plain HTTP reads, so that somebody who has mistyped a URL knows.
constexpr std::string_view kUseHttps =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 38\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS: use https://\r\n";

bool speaks_plain_http(const Fault& fault) {
  return fault.is(SSL_R_HTTP_REQUEST) || fault.is(SSL_R_HTTPS_PROXY_REQUEST);
}

// Why there is no connection with `client`.
Error error_of(const Fault& fault, const PeerCheck& check, const std::string& client, const ServerOptions& options) {
  if (check.failed()) return Error(Code::unauthenticated, check.message("the client " + client, ""));
  if (fault.is(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)) {
    return Error(Code::unauthenticated,
                 fmt::format("the client {} shows no certificate, and one that {} vouches for is required", client,
                             options.client_ca));
  }
  if (fault.is(SSL_R_UNEXPECTED_EOF_WHILE_READING))
    return Error(Code::unavailable, fmt::format("{} closed the connection in the middle of the TLS handshake", client));
  if (const std::string alert = fault.alert(); !alert.empty())
    return Error(Code::unavailable, fmt::format("the client {} refuses the TLS handshake: {}", client, alert));
  if (speaks_plain_http(fault))
    return Error(Code::invalid_argument, fmt::format("{} speaks plain HTTP to a port of TLS: use https://", client));
  if (fault.is(SSL_R_NO_APPLICATION_PROTOCOL)) {
    return Error(Code::invalid_argument, fmt::format("the client {} offers no protocol (ALPN) of this server's: [{}]",
                                                     client, fmt::join(options.alpn, ", ")));
  }
  return Error(Code::invalid_argument,
               fmt::format("{} does not speak TLS 1.2 or 1.3 as this server does: {}", client, fault.reasons));
}

}  // namespace

class ServerContext::State {
 public:
  explicit State(ServerOptions given) : options(std::move(given)) {
    check(options);
    load(true);
  }

  bool load(bool always) {
    const std::uint64_t begun = snapshots.begin();
    const ServerFiles files = ServerFiles::read(options);
    const auto before = snapshots.get();
    if (!always && before->digest == files.digest()) return false;
    auto next = std::make_shared<const ServerSnapshot>(options, files, ticket_keys(before.get(), files));
    snapshots.replace(std::move(next), begun);
    return true;
  }

  const ServerOptions options;
  internal::Reloadable<ServerSnapshot> snapshots;

 private:
  // Sessions outlive a change of our certificates. Not one of the authorities: whom those vouched for was verified when
  // the session was made, and never would be again.
  static std::shared_ptr<TicketKeys> ticket_keys(const ServerSnapshot* before, const ServerFiles& files) {
    const bool same = before != nullptr && before->ca_digest == files.ca_digest();
    return same ? before->ticket_keys : std::make_shared<TicketKeys>();
  }
};

ServerContext::ServerContext(ServerOptions options) : state_(std::make_unique<State>(std::move(options))) {}
ServerContext::~ServerContext() = default;

Session ServerContext::accept(runtime::Socket socket) const {
  const std::string client = socket.peer_address().to_string();
  const std::shared_ptr<const ServerSnapshot> snapshot = state_->snapshots.get();
  auto connection = std::make_unique<TlsSocket>(snapshot->new_connection(), std::move(socket), snapshot);
  SSL* const ssl = connection->ssl();
  PeerCheck check;
  internal::attach(ssl, &check);
  const std::optional<Fault> fault = connection->shake_hands();
  internal::attach<PeerCheck>(ssl, nullptr);
  if (fault) {
    connection->linger(speaks_plain_http(*fault) ? kUseHttps : std::string_view());
    throw error_of(*fault, check, client, state_->options);
  }
  const bool asks = state_->options.client_certificates != ClientCertificates::none;
  return internal::session_of(std::move(connection), asks);
}

void ServerContext::reload() { state_->load(true); }
bool ServerContext::reload_if_changed() { return state_->load(false); }

}  // namespace marty::tls
