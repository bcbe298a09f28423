// Clients that show certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::connected_sockets;
using internal::error_of;
using internal::ErrorPair;
using internal::refused_handshake;
using internal::run_in;
using internal::SessionPair;
using internal::shake_hands;
using internal::SocketPair;
using internal::TestPki;
using internal::WorldKind;
using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;

class MutualTlsTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, MutualTlsTest, internal::kBothWorlds, internal::world_name);

ServerOptions asking(const TestPki& pki, ClientCertificates mode) {
  return {.certificates = {pki.issue_server()}, .client_certificates = mode, .client_ca = pki.ca};
}

TEST_P(MutualTlsTest, tells_both_sides_who_the_other_is) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue_client("orders")});
    for (const ClientCertificates mode : {ClientCertificates::optional, ClientCertificates::required}) {
      const ServerContext server(asking(pki, mode));
      const SessionPair pair = shake_hands(server, client);
      ASSERT_NE(pair.server.peer, nullptr);
      EXPECT_EQ(pair.server.peer->subject, "CN=orders");
      EXPECT_EQ(pair.server.peer->issuer, "CN=Test CA");
      EXPECT_THAT(pair.server.peer->uris, ElementsAre("spiffe://test.example/client"));
      EXPECT_EQ(pair.server.peer->spiffe_id, "spiffe://test.example/client");
      EXPECT_EQ(pair.client.peer->subject, "CN=server");
    }
  });
}

TEST_P(MutualTlsTest, a_server_that_does_not_ask_sees_no_certificate) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue_client()});
    EXPECT_EQ(shake_hands(server, client).server.peer, nullptr);
  });
}

TEST_P(MutualTlsTest, optional_lets_clients_without_a_certificate_in) {
  run([] {
    const TestPki pki;
    const ServerContext server(asking(pki, ClientCertificates::optional));
    const ClientContext client({.ca = pki.ca});
    EXPECT_EQ(shake_hands(server, client).server.peer, nullptr);
  });
}

TEST_P(MutualTlsTest, required_refuses_clients_without_a_certificate) {
  run([] {
    const TestPki pki;
    const ServerContext server(asking(pki, ClientCertificates::required));
    const ClientContext client({.ca = pki.ca});
    const ErrorPair errors = refused_handshake(server, client);
    EXPECT_EQ(errors.server.code(), Code::unauthenticated);
    EXPECT_THAT(errors.server.message(),
                ContainsRegex("^the client [0-9.:]+ shows no certificate, and one that .*ca.pem "
                              "vouches for is required"));
    EXPECT_EQ(errors.client.code(), Code::unavailable);
    EXPECT_THAT(errors.client.message(), HasSubstr("it refuses the connection: certificate required"));
  });
}

void expect_refused(const TestPki& pki, const CertificateFiles& shown, const std::string& why,
                    const std::string& alert) {
  for (const ClientCertificates mode : {ClientCertificates::optional, ClientCertificates::required}) {
    const ServerContext server(asking(pki, mode));
    const ClientContext client({.ca = pki.ca, .certificate = shown});
    const ErrorPair errors = refused_handshake(server, client);
    EXPECT_EQ(errors.server.code(), Code::unauthenticated);
    EXPECT_THAT(errors.server.message(), ContainsRegex("^the certificate of the client [0-9.:]+ .*" + why));
    EXPECT_EQ(errors.client.code(), Code::unavailable);
    EXPECT_THAT(errors.client.message(), HasSubstr("it refuses the connection: " + alert));
  }
}

TEST_P(MutualTlsTest, refuses_a_certificate_of_an_unknown_authority) {
  run([] {
    const TestPki pki, other("Other CA");
    expect_refused(pki, other.issue_client(), "was issued by \"CN=Other CA\", which is not among the trusted",
                   "unknown ca");
  });
}

TEST_P(MutualTlsTest, refuses_a_certificate_for_servers) {
  run([] {
    const TestPki pki;
    expect_refused(pki, pki.issue({.subject = "wrong", .for_clients = false}),
                   "\\(\"CN=wrong\"\\) is for another purpose", "unsupported certificate");
  });
}

TEST(MutualTlsInTheSimulatedWorld, refuses_a_certificate_that_has_expired) {
  run_in(WorldKind::simulated, [] {
    const TestPki pki;
    const ServerContext server(asking(pki, ClientCertificates::optional));
    const ClientContext client({.ca = pki.ca, .certificate = pki.issue({.subject = "old", .valid_for = 1h})});
    EXPECT_NE(shake_hands(server, client).server.peer, nullptr);
    runtime::sleep_for(2h);
    const ErrorPair errors = refused_handshake(server, client);
    EXPECT_EQ(errors.server.code(), Code::unauthenticated);
    EXPECT_THAT(errors.server.message(), HasSubstr("(\"CN=old\") expired on 2026-01-01T01:00:00Z"));
    EXPECT_THAT(errors.client.message(), HasSubstr("it refuses the connection: certificate expired"));
  });
}

// With TLS 1.3 a client is done before the server has seen its certificate, and may have sent more than the server
// reads.
TEST_P(MutualTlsTest, a_client_that_writes_at_once_learns_why_it_was_refused) {
  run([] {
    const TestPki pki;
    const ServerContext server(asking(pki, ClientCertificates::required));
    const ClientContext client({.ca = pki.ca});
    SocketPair sockets = connected_sockets();
    auto asking_much = runtime::spawn([&] {
      Session session = client.connect(std::move(sockets.client), "localhost");
      const std::string request(50'000, 'x');
      session.socket.write({request});
      char byte;
      return error_of([&] { session.socket.read_some({&byte, 1}); });
    });
    EXPECT_THROW((void)server.accept(std::move(sockets.server)), Error);
    EXPECT_THAT(asking_much.join().message(), HasSubstr("it refuses the connection: certificate required"));
  });
}

}  // namespace
}  // namespace marty::tls
