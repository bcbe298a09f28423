#include <fmt/format.h>

#include <ctime>

#include "marty/runtime/time.hpp"
#include "marty/tls/internal/client_snapshot.hpp"
#include "marty/tls/internal/handshake.hpp"
#include "marty/tls/internal/host_names.hpp"
#include "marty/tls/internal/library.hpp"
#include "marty/tls/internal/reloadable.hpp"
#include "marty/tls/internal/settings.hpp"
#include "marty/tls/internal/tls_socket.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {

using internal::ClientFiles;
using internal::ClientLink;
using internal::ClientSnapshot;
using internal::Fault;
using internal::Ssl;
using internal::TlsSocket;

namespace {

void check(const ClientOptions& options) {
  internal::alpn_list(options.alpn);
  if (options.certificate.certificate.empty() != options.certificate.key.empty())
    throw Error(Code::invalid_argument, "a client's certificate and its key go together: name both files, or none");
  if (!options.verify && !options.ca.empty()) {
    throw Error(Code::invalid_argument,
                fmt::format("{} is named (ca), but nothing is verified: leave out verify = false", options.ca));
  }
}

// "shop:8443", for messages and as the name of the server's sessions.
std::string place_of(std::string_view host, const runtime::Address& address) {
  if (address.is_unix()) return fmt::format("{} ({})", host, address.to_string());
  const bool is_ipv6 = host.find(':') != host.npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, address.port()) : fmt::format("{}:{}", host, address.port());
}

// The certificate has to be for `host`, and is asked for by that name.
void expect(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return;
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool is_name = internal::is_host_name(host) &&
                       X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 &&
                       SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  ERR_clear_error();
  if (!is_name)
    throw Error(Code::invalid_argument, fmt::format("\"{}\" is neither a host name nor an IP address", host));
}

// OpenSSL tells the server how old a session is by the clock of the machine (RFC 8446 section 4.2.11.1). That would
// make runs of a simulated world differ; and nobody looks at it but for early data.
void hide_age(SSL_SESSION* session) {
  if (internal::library() == nullptr) return;
  SSL_SESSION_set_time(session, std::time(nullptr));  // tidy:allow(clock): the one that OpenSSL subtracts from
}

// Why there is no connection with the server at `place`.
Error error_of(const Fault& fault, const internal::PeerCheck& check, const std::string& place,
               const std::string& host) {
  if (check.failed()) return Error(Code::unauthenticated, check.message(place, host));
  if (const std::string alert = fault.alert(); !alert.empty())
    return Error(Code::unavailable, fmt::format("{} refuses the TLS handshake: {}", place, alert));
  if (fault.is(SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
    return Error(
        Code::unavailable,
        fmt::format("{} closed the connection in the middle of the TLS handshake: is it a port of TLS?", place));
  }
  return Error(Code::unavailable, fmt::format("{} does not speak TLS 1.2 or 1.3: {}", place, fault.reasons));
}

}  // namespace

class ClientContext::State {
 public:
  explicit State(ClientOptions given) : options(std::move(given)) {
    check(options);
    load(true);
  }

  bool load(bool always) {
    const std::uint64_t begun = snapshots.begin();
    const ClientFiles files = ClientFiles::read(options);
    if (!always && snapshots.get()->digest == files.digest()) return false;
    snapshots.replace(std::make_shared<const ClientSnapshot>(options, files), begun);
    return true;
  }

  const ClientOptions options;
  internal::Reloadable<ClientSnapshot> snapshots;
};

ClientContext::ClientContext(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}
ClientContext::~ClientContext() = default;

Session ClientContext::connect(runtime::Socket socket, std::string_view host,
                               const std::vector<std::string>* alpn) const {
  const std::string name(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  const std::string place = place_of(name, socket.peer_address());
  const std::string protocols = internal::alpn_list(alpn != nullptr ? *alpn : state_->options.alpn);
  const auto snapshot = state_->snapshots.get();
  const auto link = std::make_shared<ClientLink>(ClientLink{snapshot, place + ' ' + protocols, {}});

  Ssl ssl(SSL_new(snapshot->context.get()));
  internal::require(ssl != nullptr, "SSL_new");
  SSL_set_connect_state(ssl.get());
  internal::set_time(ssl.get(), runtime::wall_now());
  expect(ssl.get(), name);
  const auto* const wire = reinterpret_cast<const unsigned char*>(protocols.data());
  if (!protocols.empty()) SSL_set_alpn_protos(ssl.get(), wire, static_cast<unsigned int>(protocols.size()));
  if (const auto session = snapshot->sessions.take(link->server, runtime::wall_now())) {
    hide_age(session.get());
    SSL_set_session(ssl.get(), session.get());
  }
  internal::attach(ssl.get(), link.get());
  internal::attach(ssl.get(), &link->check);

  auto connection = std::make_unique<TlsSocket>(std::move(ssl), std::move(socket), link);
  if (const std::optional<Fault> fault = connection->shake_hands()) throw error_of(*fault, link->check, place, name);
  return internal::session_of(std::move(connection), state_->options.verify);
}

void ClientContext::reload() { state_->load(true); }
bool ClientContext::reload_if_changed() { return state_->load(false); }

}  // namespace marty::tls
