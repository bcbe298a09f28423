// The samples of docs/guide/tls.md, as tests.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/test_authority.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using namespace std::chrono_literals;
using internal::TemporaryFolder;
using runtime::Address;
using runtime::Listener;
using runtime::Socket;

// [server]
void echo(const tls::ServerContext& server, Socket client) {
  const runtime::DeadlineScope deadline(10s);  // for the handshake and for all that follows
  tls::Session session = server.accept(std::move(client));
  std::array<char, 4096> buffer;
  while (const std::size_t size = session.socket.read_some(buffer)) session.socket.write({{buffer.data(), size}});
}
// [/server]

// [client]
std::string ask(const tls::ClientContext& client, const std::string& host, std::uint16_t port,
                std::string_view question) {
  tls::Session session = client.connect(runtime::connect(host, port), host);
  session.socket.write({question});
  session.socket.shutdown_write();
  std::string answer;
  std::array<char, 4096> buffer;
  while (const std::size_t size = session.socket.read_some(buffer)) answer.append(buffer.data(), size);
  return answer;  // complete: a connection that was cut off would have thrown
}
// [/client]

TEST(Guide, asks_an_echo_server) {
  runtime::World::real({.loops = 1})->run([] {
    const TemporaryFolder temporary;
    const std::filesystem::path& folder = temporary.path();
    // [authority]
    tls::TestAuthority authority;
    authority.write(folder / "ca.pem");
    const tls::CertificateFiles shop = authority.issue(folder, {.subject = "shop", .dns_names = {"localhost"}});

    const tls::ServerContext server({.certificates = {shop}});
    const tls::ClientContext client({.ca = folder / "ca.pem"});
    // [/authority]
    Listener listener = runtime::listen(Address::parse("127.0.0.1:0"));
    auto serving = runtime::spawn([&] { echo(server, listener.accept()); });
    EXPECT_EQ(ask(client, "localhost", listener.local_address().port(), "hello"), "hello");
    serving.join();
  });
}

// [who]
std::string caller(const tls::Session& session) {
  if (session.peer == nullptr) return "somebody";  // only where certificates are optional
  return session.peer->spiffe_id.empty() ? session.peer->subject : session.peer->spiffe_id;
}
// [/who]

TEST(Guide, knows_who_calls) {
  runtime::World::real({.loops = 1})->run([] {
    const internal::TestPki pki;
    const CertificateFiles shop = pki.issue_server(), orders = pki.issue_client();
    const std::string& ca = pki.ca;
    // [mutual]
    const tls::ServerContext server({.certificates = {shop},
                                     .client_certificates = tls::ClientCertificates::required,
                                     .client_ca = ca,
                                     .alpn = {"h2", "http/1.1"}});
    const tls::ClientContext client({.ca = ca, .certificate = orders, .alpn = {"h2"}});
    // [/mutual]
    const internal::SessionPair pair = internal::shake_hands(server, client);
    EXPECT_EQ(caller(pair.server), "spiffe://test.example/client");
    EXPECT_EQ(pair.server.alpn, "h2");
  });
}

// [reload]
void keep_certificates_fresh(tls::ServerContext& server) {
  for (;;) {
    runtime::sleep_for(1min);
    try {
      if (server.reload_if_changed()) std::puts("the certificates are new");
    } catch (const Error& error) {  // half-written, say: the old ones stay, and the next minute may be better
      std::puts(error.what());
    }
  }
}
// [/reload]

TEST(Guide, takes_new_certificates_over) {
  runtime::SimulatedWorld({.seed = 42}).run([] {
    const internal::TestPki pki;
    tls::ServerContext server({.certificates = {pki.issue_server()}});
    const tls::ClientContext client({.ca = pki.ca});
    const std::string before = internal::shake_hands(server, client).client.peer->serial_number;
    auto refreshing = runtime::spawn([&] { keep_certificates_fresh(server); });
    pki.issue_server();
    runtime::sleep_for(61s);
    EXPECT_NE(internal::shake_hands(server, client).client.peer->serial_number, before);
  });
}

}  // namespace
}  // namespace marty::tls
