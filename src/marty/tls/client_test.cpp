// Whom a client talks to, and what it says of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::connected_sockets;
using internal::error_of;
using internal::ErrorPair;
using internal::read_exactly;
using internal::refused_handshake;
using internal::run_in;
using internal::SessionPair;
using internal::shake_hands;
using internal::SocketPair;
using internal::TestPki;
using internal::WorldKind;
using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;

class ClientTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, ClientTest, internal::kBothWorlds, internal::world_name);

// What a client that trusts `pki` says of a server with this certificate.
Error refusal_of(const TestPki& pki, const CertificateFiles& files, std::string_view host = "localhost") {
  const ServerContext server({.certificates = {files}});
  const ClientContext client({.ca = pki.ca});
  const ErrorPair errors = refused_handshake(server, client, host);
  EXPECT_EQ(errors.server.code(), Code::unavailable);
  EXPECT_THAT(errors.server.message(), HasSubstr("refuses the TLS handshake: "));
  return errors.client;
}

void expect_unauthenticated(const Error& error, const std::string& pattern) {
  EXPECT_EQ(error.code(), Code::unauthenticated) << error.message();
  EXPECT_THAT(error.message(), ContainsRegex(pattern));
}

TEST_P(ClientTest, says_for_whom_the_certificate_is) {
  run([] {
    const TestPki pki;
    const CertificateFiles files =
        pki.issue({.subject = "shop", .dns_names = {"a.example", "b.example"}, .ip_addresses = {"10.0.0.9"}});
    expect_unauthenticated(refusal_of(pki, files, "shop.example"),
                           "^the certificate of shop.example:[0-9]+ \\(\"CN=shop\"\\) is for \\[a.example, b.example, "
                           "10.0.0.9\\], not for "
                           "shop.example: connect by a name that it is for");
    expect_unauthenticated(refusal_of(pki, files, "10.0.0.8"),
                           "^the certificate of 10.0.0.8:[0-9]+ .* not for 10.0.0.8");
    expect_unauthenticated(refusal_of(pki, files, "::1"), "^the certificate of \\[::1\\]:[0-9]+ .* not for ::1");
  });
}

TEST_P(ClientTest, accepts_any_name_or_address_that_the_certificate_is_for) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue({.dns_names = {"shop.example", "*.wild.example"},
                                                            .ip_addresses = {"10.0.0.9", "2001:db8::9"}})}});
    const ClientContext client({.ca = pki.ca});
    for (const char* host : {"shop.example", "SHOP.example", "shop.example.", "a.wild.example", "10.0.0.9",
                             "2001:db8::9", "2001:DB8:0::9"})
      EXPECT_NE(shake_hands(server, client, host).client.peer, nullptr) << host;
    EXPECT_EQ(shake_hands(server, client, "10.0.0.9").server.server_name, "");  // RFC 6066: names only
    for (const char* host : {"wild.example", "a.b.wild.example", "10.0.0.10", "example"})
      EXPECT_EQ(refused_handshake(server, client, host).client.code(), Code::unauthenticated) << host;
  });
}

TEST_P(ClientTest, a_part_of_a_label_is_no_wildcard_and_the_common_name_is_no_name) {
  run([] {
    const TestPki pki;
    expect_unauthenticated(refusal_of(pki, pki.issue({.dns_names = {"a*.example"}}), "abc.example"),
                           "not for abc.example");
    expect_unauthenticated(refusal_of(pki, pki.issue({.subject = "localhost"})), "is for \\[\\], not for localhost");
  });
}

TEST_P(ClientTest, refuses_what_is_no_name) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    for (const std::string host : {"", ".example", "a b", "[::1]", "shop:443"}) {
      SocketPair sockets = connected_sockets();
      const Error error = error_of([&] { (void)client.connect(std::move(sockets.client), host); });
      EXPECT_EQ(error.code(), Code::invalid_argument);
      EXPECT_EQ(error.message(), "\"" + host + "\" is neither a host name nor an IP address");
    }
  });
}

TEST_P(ClientTest, says_whose_certificate_is_not_trusted) {
  run([] {
    const TestPki pki, other("Other CA");
    expect_unauthenticated(
        refusal_of(pki, other.issue_server()),
        "\\(\"CN=server\"\\) was issued by \"CN=Other CA\", which is not among the trusted authorities");
    const TestAuthority between = pki.authority.subordinate("Between");
    CertificateFiles alone = between.issue(pki.folder.path(), {.subject = "alone", .dns_names = {"localhost"}});
    const std::string chain = runtime::read_file(alone.certificate);
    runtime::write_file(alone.certificate, chain.substr(0, chain.find("-----BEGIN", 1)));
    expect_unauthenticated(refusal_of(pki, alone),
                           "issued by \"CN=Between\".* have the intermediate certificates sent");
  });
}

TEST_P(ClientTest, says_that_a_server_sends_an_unknown_root_along) {
  run([] {
    const TestPki pki, other("Other CA");
    const CertificateFiles files = other.issue_server();
    runtime::write_file(files.certificate, runtime::read_file(files.certificate) + runtime::read_file(other.ca));
    expect_unauthenticated(refusal_of(pki, files),
                           "comes with the authority \"CN=Other CA\", which is self-signed and not among the trusted");
  });
}

TEST(ClientInTheRealWorld, says_that_a_certificate_is_self_signed) {
  run_in(WorldKind::real, [] {
    const TestPki pki;
    expect_unauthenticated(refusal_of(pki, internal::self_signed(pki, "-addext subjectAltName=DNS:localhost")),
                           "\\(\"CN=self\"\\) is self-signed and not among the trusted ones");
  });
}

TEST(ClientInTheSimulatedWorld, says_that_a_certificate_has_expired_or_is_of_the_future) {
  run_in(WorldKind::simulated, [] {
    const TestPki pki;
    const ServerContext server(
        {.certificates = {pki.issue({.subject = "soon", .dns_names = {"localhost"}, .valid_for = 1h})}});
    const ClientContext client({.ca = pki.ca});
    EXPECT_NE(shake_hands(server, client).client.peer, nullptr);
    runtime::sleep_for(2h);
    expect_unauthenticated(refused_handshake(server, client).client,
                           "\\(\"CN=soon\"\\) expired on 2026-01-01T01:00:00Z: it has to be renewed");
  });
}

TEST_P(ClientTest, says_that_a_certificate_is_for_clients) {
  run([] {
    const TestPki pki;
    expect_unauthenticated(refusal_of(pki, pki.issue({.dns_names = {"localhost"}, .for_servers = false})),
                           "is for another purpose");
  });
}

TEST_P(ClientTest, may_talk_to_anybody_without_claiming_to_know_whom) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue({.dns_names = {"other.example"}})}});
    const ClientContext client({.verify = false});
    SessionPair pair = shake_hands(server, client, "whatever.example");
    EXPECT_EQ(pair.client.peer, nullptr);
    pair.server.socket.write({"hi"});
    EXPECT_EQ(read_exactly(pair.client.socket, 2), "hi");
  });
}

TEST_P(ClientTest, says_that_a_server_does_not_speak_tls) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    const auto answered_with = [&](std::string_view answer) {
      SocketPair sockets = connected_sockets();
      auto serving = runtime::spawn([&] {
        char hello[4096];
        sockets.server.read_some(hello);
        sockets.server.write({answer});
        sockets.server.close();
      });
      return error_of([&] { (void)client.connect(std::move(sockets.client), "localhost"); });
    };
    const Error plain = answered_with("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_EQ(plain.code(), Code::unavailable);
    EXPECT_THAT(plain.message(),
                ContainsRegex("^localhost:[0-9]+ does not speak TLS 1.2 or 1.3: wrong version number"));
    const Error closed = answered_with("");
    EXPECT_EQ(closed.code(), Code::unavailable);
    EXPECT_THAT(closed.message(), HasSubstr("closed the connection in the middle of the TLS handshake"));
  });
}

TEST_P(ClientTest, gives_up_at_the_deadline) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    SocketPair sockets = connected_sockets();
    const std::string address = sockets.client.peer_address().to_string();
    const runtime::DeadlineScope scope(10ms);
    const Error error = error_of([&] { (void)client.connect(std::move(sockets.client), "localhost"); });
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    EXPECT_EQ(error.message(), "the deadline passed while shaking hands with " + address);
  });
}

}  // namespace
}  // namespace marty::tls
