#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::connected_sockets;
using internal::error_of;
using internal::ErrorPair;
using internal::read_all;
using internal::read_exactly;
using internal::refused_handshake;
using internal::run_in;
using internal::SessionPair;
using internal::shake_hands;
using internal::SocketPair;
using internal::TestPki;
using internal::WorldKind;
using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, ServerTest, internal::kBothWorlds, internal::world_name);

TEST_P(ServerTest, talks_to_a_client_that_trusts_its_authority) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    SessionPair pair = shake_hands(server, client);
    pair.client.socket.write({"hello ", "world"});
    pair.client.socket.shutdown_write();
    EXPECT_EQ(read_all(pair.server.socket), "hello world");
    pair.server.socket.write({"after the half-close"});
    pair.server.socket.close();
    EXPECT_EQ(read_all(pair.client.socket), "after the half-close");
  });
}

TEST_P(ServerTest, tells_what_the_handshake_led_to) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca});
    const SessionPair pair = shake_hands(server, client);
    for (const Session* session : {&pair.client, &pair.server}) {
      EXPECT_EQ(session->version, "TLSv1.3");
      EXPECT_EQ(session->cipher, "TLS_AES_128_GCM_SHA256");
      EXPECT_EQ(session->server_name, "localhost");
      EXPECT_EQ(session->alpn, "");
      EXPECT_FALSE(session->resumed);
    }
    EXPECT_EQ(pair.server.peer, nullptr);
    ASSERT_NE(pair.client.peer, nullptr);
    EXPECT_EQ(pair.client.peer->subject, "CN=server");
    EXPECT_EQ(pair.client.socket.peer_address(), pair.server.socket.local_address());
    EXPECT_EQ(pair.server.socket.peer_address(), pair.client.socket.local_address());
  });
}

TEST_P(ServerTest, chooses_the_protocol_that_it_prefers) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}, .alpn = {"h2", "http/1.1"}});
    const ClientContext client({.ca = pki.ca, .alpn = {"http/1.1", "h2"}});
    EXPECT_EQ(shake_hands(server, client).server.alpn, "h2");
    const std::vector<std::string> only_old{"http/1.1"}, nothing{};
    const SessionPair pair = shake_hands(server, client, "localhost", &only_old);
    EXPECT_EQ(pair.client.alpn, "http/1.1");
    EXPECT_EQ(pair.server.alpn, "http/1.1");
    EXPECT_EQ(shake_hands(server, client, "localhost", &nothing).server.alpn, "");
  });
}

TEST_P(ServerTest, without_protocols_of_its_own_leaves_the_clients_unanswered) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const ClientContext client({.ca = pki.ca, .alpn = {"h2"}});
    EXPECT_EQ(shake_hands(server, client).client.alpn, "");
  });
}

TEST_P(ServerTest, refuses_a_client_that_speaks_no_protocol_of_its) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}, .alpn = {"h2"}});
    const ClientContext client({.ca = pki.ca, .alpn = {"http/1.1"}});
    const ErrorPair errors = refused_handshake(server, client);
    EXPECT_EQ(errors.server.code(), Code::invalid_argument);
    EXPECT_THAT(errors.server.message(), HasSubstr("offers no protocol (ALPN) of this server's: [h2]"));
    EXPECT_EQ(errors.client.code(), Code::unavailable);
    EXPECT_THAT(errors.client.message(), HasSubstr("refuses the TLS handshake: no application protocol"));
  });
}

TEST_P(ServerTest, shows_the_certificate_that_is_for_the_name) {
  run([] {
    const TestPki pki;
    const auto issue = [&](const char* subject, std::vector<std::string> names) {
      return pki.issue({.subject = subject, .dns_names = std::move(names)});
    };
    const ServerContext server({.certificates = {issue("first", {"first.example"}), issue("wild", {"*.shop.example"}),
                                                 issue("exact", {"exact.shop.example"})}});
    const ClientContext client({.ca = pki.ca});
    const auto shown = [&](std::string_view host) { return shake_hands(server, client, host).client.peer->subject; };
    EXPECT_EQ(shown("first.example"), "CN=first");
    EXPECT_EQ(shown("exact.shop.example"), "CN=exact");
    EXPECT_EQ(shown("EXACT.shop.example"), "CN=exact");
    EXPECT_EQ(shown("any.shop.example"), "CN=wild");
    const ClientContext anybody({.verify = false});
    EXPECT_EQ(shake_hands(server, anybody, "other.test").server.server_name, "other.test");
    EXPECT_THAT(refused_handshake(server, client, "other.test").client.message(), HasSubstr("\"CN=first\""));
    EXPECT_THAT(refused_handshake(server, client, "10.0.0.1").client.message(), HasSubstr("\"CN=first\""));
  });
}

TEST_P(ServerTest, sends_the_intermediate_certificates_of_its_chain) {
  run([] {
    const TestPki pki;
    const TestAuthority between = pki.authority.subordinate("Between");
    const ServerContext server(
        {.certificates = {between.issue(pki.folder.path(), {.subject = "leaf", .dns_names = {"localhost"}})}});
    const ClientContext client({.ca = pki.ca});
    EXPECT_EQ(shake_hands(server, client).client.peer->issuer, "CN=Between");
  });
}

// Bytes as they come, and what the server makes of them.
struct Refusal {
  Error error;
  std::string answer;
};

Refusal refusal_of(std::string_view bytes) {
  const TestPki pki;
  const ServerContext server({.certificates = {pki.issue_server()}});
  SocketPair sockets = connected_sockets();
  sockets.client.write({bytes});
  auto reading = runtime::spawn([&] {
    std::string answer;
    char buffer[1024];
    try {
      while (const std::size_t size = sockets.client.read_some(buffer)) answer.append(buffer, size);
    } catch (const Error&) {  // reset, where it did not read all of it
    }
    sockets.client.close();
    return answer;
  });
  const Error error = error_of([&] { (void)server.accept(std::move(sockets.server)); });
  return {error, reading.join()};
}

TEST_P(ServerTest, says_that_a_client_speaks_plain_http) {
  run([] {
    const Refusal refusal = refusal_of("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    EXPECT_EQ(refusal.error.code(), Code::invalid_argument);
    EXPECT_THAT(refusal.error.message(), HasSubstr("speaks plain HTTP to a port of TLS: use https://"));
    EXPECT_THAT(refusal.answer, StartsWith("HTTP/1.1 400 "));
    const std::size_t body = refusal.answer.find("\r\n\r\n") + 4;
    EXPECT_EQ(refusal.answer.substr(body), "This port speaks HTTPS: use https://\r\n");
    EXPECT_THAT(refusal.answer, HasSubstr("\r\nContent-Length: " + std::to_string(refusal.answer.size() - body)));
    EXPECT_THAT(refusal.error.message(), AnyOf(StartsWith("127.0.0.1:"), StartsWith("10.0.0.1:")));
  });
}

TEST_P(ServerTest, refuses_what_is_no_tls) {
  run([] {
    for (const std::string& bytes :
         {std::string("\0\0\0\0\0\0\0\0", 8), std::string(1000, '\xff'), std::string("SSH-2.0-client\r\n")}) {
      const Refusal refusal = refusal_of(bytes);
      EXPECT_EQ(refusal.error.code(), Code::invalid_argument) << bytes;
      EXPECT_THAT(refusal.error.message(), HasSubstr("does not speak TLS 1.2 or 1.3"));
      EXPECT_EQ(refusal.answer, "");
    }
  });
}

TEST_P(ServerTest, refuses_a_broken_client_hello_with_an_alert) {
  run([] {
    const Refusal refusal = refusal_of(std::string_view("\x16\x03\x01\x00\x05garba", 10));
    EXPECT_EQ(refusal.error.code(), Code::invalid_argument);
    EXPECT_THAT(refusal.answer, StartsWith("\x15\x03"));
  });
}

TEST_P(ServerTest, says_that_a_client_closed_in_the_middle_of_the_handshake) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    for (const std::string_view beginning : {std::string_view(), std::string_view("\x16\x03\x01", 3)}) {
      SocketPair sockets = connected_sockets();
      sockets.client.write({beginning});
      sockets.client.close();
      const Error error = error_of([&] { (void)server.accept(std::move(sockets.server)); });
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_THAT(error.message(), HasSubstr("closed the connection in the middle of the TLS handshake"));
    }
  });
}

// The first bytes of a client.
std::string client_hello(const TestPki& pki) {
  const ClientContext client({.ca = pki.ca});
  SocketPair sockets = connected_sockets();
  auto connecting =
      runtime::spawn([&] { return error_of([&] { (void)client.connect(std::move(sockets.client), "a"); }); });
  std::string hello(4096, '\0');
  hello.resize(sockets.server.read_some(hello));
  sockets.server.close();
  connecting.join();
  return hello;
}

TEST_P(ServerTest, a_client_that_drips_its_hello_is_given_up_at_the_deadline) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    const std::string hello = client_hello(pki);
    SocketPair sockets = connected_sockets();
    auto dripping = runtime::spawn([&] {
      for (const char byte : hello) {
        sockets.client.write({{&byte, 1}});
        runtime::sleep_for(1ms);
      }
    });
    const runtime::TimePoint start = runtime::now();
    const Error error = error_of([&] {
      const runtime::DeadlineScope scope(50ms);
      (void)server.accept(std::move(sockets.server));
    });
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    EXPECT_GE(runtime::now() - start, 50ms);
  });
}

TEST_P(ServerTest, a_silent_client_is_given_up_at_the_deadline) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    SocketPair sockets = connected_sockets();
    const std::string address = sockets.server.peer_address().to_string();
    const Error error = error_of([&] {
      const runtime::DeadlineScope scope(10ms);
      (void)server.accept(std::move(sockets.server));
    });
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    EXPECT_EQ(error.message(), "the deadline passed while shaking hands with " + address);
  });
}

TEST_P(ServerTest, a_cancelled_handshake_ends) {
  run([] {
    const TestPki pki;
    const ServerContext server({.certificates = {pki.issue_server()}});
    SocketPair sockets = connected_sockets();
    auto accepting =
        runtime::spawn([&] { return error_of([&] { (void)server.accept(std::move(sockets.server)); }).code(); });
    runtime::yield();
    accepting.cancel();
    EXPECT_EQ(accepting.join(), Code::cancelled);
  });
}

}  // namespace
}  // namespace marty::tls
