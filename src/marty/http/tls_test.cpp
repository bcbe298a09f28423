// HTTPS: both versions of HTTP over TLS, from the certificate to the handler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/tls/tls.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::TestServer;
using internal::WorldTest;
using testing::ElementsAre;
using testing::HasSubstr;
using tls::internal::kBothWorlds;
using tls::internal::TestPki;
using tls::internal::world_name;
using namespace std::chrono_literals;

void describe(Request& request, Response& response) {
  std::string text = std::to_string(request.version_major) + (request.secure ? " secure" : " plain");
  if (request.client != nullptr) text += " " + request.client->subject + " " + request.client->spiffe_id;
  response.set_body(text, "text/plain");
}

tls::CertificateFiles certificate(const TestPki& pki) {
  return pki.issue({.subject = "server", .ip_addresses = {"127.0.0.1", "10.0.0.1"}});
}

// A server with a certificate for its address.
struct SecureServer {
  explicit SecureServer(tls::ServerOptions options = {}, ServerOptions server_options = {})
      : context(complete(std::move(options))), test(describe, {.header_timeout = 2s}, with(server_options)) {}

  tls::ServerOptions complete(tls::ServerOptions options) const {
    if (options.certificates.empty()) options.certificates = {certificate(pki)};
    if (options.alpn.empty()) options.alpn = {"h2", "http/1.1"};
    if (options.client_certificates != tls::ClientCertificates::none) options.client_ca = pki.ca;
    return options;
  }
  ServerOptions with(ServerOptions options) {
    options.tls = &context;
    options.logging = &logging;
    return options;
  }
  std::string url() const { return "https://" + test.server.address().to_string() + "/"; }
  std::string get(const tls::ClientContext& tls, Protocol protocol = Protocol::automatic) const {
    Client client({.protocol = protocol, .tls = &tls});
    return client.get(url()).body;
  }

  TestPki pki;
  telemetry::RecordingSink log;
  telemetry::Logging logging{{.service = "test"}, log};
  tls::ServerContext context;
  TestServer test;
};

class TlsTest : public WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, TlsTest, kBothWorlds, world_name);

TEST_P(TlsTest, the_version_is_agreed_on) {
  run([] {
    SecureServer server;
    const tls::ClientContext tls({.ca = server.pki.ca});
    EXPECT_EQ(server.get(tls), "2 secure");
    EXPECT_EQ(server.get(tls, Protocol::http2), "2 secure");
    EXPECT_EQ(server.get(tls, Protocol::http1), "1 secure");
    SecureServer old({.alpn = {"http/1.1"}});
    const tls::ClientContext old_tls({.ca = old.pki.ca});
    EXPECT_EQ(old.get(old_tls), "1 secure");
    EXPECT_EQ(error_of([&] { old.get(old_tls, Protocol::http2); }).code(), Code::unavailable);
  });
}

TEST_P(TlsTest, a_client_keeps_its_connection_of_either_version) {
  run([] {
    SecureServer server;
    const tls::ClientContext tls({.ca = server.pki.ca});
    for (const Protocol protocol : {Protocol::automatic, Protocol::http1}) {
      const auto before = server.test.server.stats().connections_accepted;
      Client client({.protocol = protocol, .tls = &tls});
      for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get(server.url()).status, 200);
      EXPECT_EQ(server.test.server.stats().connections_accepted, before + 1);
    }
  });
}

TEST_P(TlsTest, large_bodies_travel_both_ways) {
  run([] {
    TestPki pki;
    const tls::ServerContext context({.certificates = {certificate(pki)}, .alpn = {"h2", "http/1.1"}});
    TestServer test([](Request& request, Response& response) { response.set_body(request.body(), "text/plain"); }, {},
                    {.tls = &context});
    const tls::ClientContext tls({.ca = pki.ca});
    const std::string body(3'000'000, 'x');
    for (const Protocol protocol : {Protocol::http2, Protocol::http1}) {
      Client client({.protocol = protocol, .tls = &tls});
      const Reply reply =
          client.send({.method = Method::post, .url = "https://" + test.server.address().to_string(), .body = body});
      EXPECT_EQ(reply.status, 200);
      EXPECT_TRUE(reply.body == body);
    }
  });
}

TEST_P(TlsTest, the_clients_certificate_reaches_the_handler) {
  run([] {
    SecureServer server({.client_certificates = tls::ClientCertificates::optional});
    const tls::ClientContext anonymous({.ca = server.pki.ca});
    EXPECT_EQ(server.get(anonymous), "2 secure");
    const tls::ClientContext known({.ca = server.pki.ca, .certificate = server.pki.issue_client()});
    EXPECT_EQ(server.get(known), "2 secure CN=client spiffe://test.example/client");
    EXPECT_EQ(server.get(known, Protocol::http1), "1 secure CN=client spiffe://test.example/client");
  });
}

TEST_P(TlsTest, a_client_that_may_not_come_in_is_refused_and_logged) {
  run([] {
    SecureServer server({.client_certificates = tls::ClientCertificates::required});
    const tls::ClientContext anonymous({.ca = server.pki.ca});
    EXPECT_EQ(error_of([&] { server.get(anonymous); }).code(), Code::unavailable);
    const TestPki strangers;
    const tls::ClientContext unknown({.ca = server.pki.ca, .certificate = strangers.issue_client()});
    EXPECT_EQ(error_of([&] { server.get(unknown); }).code(), Code::unavailable);
    while (server.test.server.stats().handshakes_failed < 2)
      runtime::sleep_for(1ms);  // tidy:allow(sleep): the runtime's
    ASSERT_GE(server.log.lines().size(), 2u);
    EXPECT_THAT(server.log.lines()[0], HasSubstr("\"level\":\"warning\""));
    EXPECT_THAT(server.log.lines()[0], HasSubstr("certificate"));
    const tls::ClientContext known({.ca = server.pki.ca, .certificate = server.pki.issue_client()});
    EXPECT_THAT(server.get(known), HasSubstr("CN=client"));
  });
}

TEST_P(TlsTest, a_server_that_is_not_who_it_should_be_is_refused_with_the_reason) {
  run([] {
    SecureServer server;
    const TestPki others;
    const tls::ClientContext distrustful({.ca = others.ca});
    const Error unknown = error_of([&] { server.get(distrustful); });
    EXPECT_EQ(unknown.code(), Code::unavailable);
    SecureServer misnamed({.certificates = {server.pki.issue({.subject = "b", .dns_names = {"b.example"}})}});
    const tls::ClientContext tls({.ca = server.pki.ca});
    const Error wrong_name = error_of([&] { misnamed.get(tls); });
    EXPECT_EQ(wrong_name.code(), Code::unavailable);
    EXPECT_THAT(wrong_name.message(), HasSubstr("b.example"));
  });
}

TEST_P(TlsTest, plain_requests_and_silence_on_a_secure_port_end_soon) {
  run([] {
    SecureServer server;
    Client plain({.retries = 0});
    std::string url = server.url();
    url.replace(0, 5, "http");
    EXPECT_EQ(plain.get(url).status, 400);
    const tls::ClientContext tls({.ca = server.pki.ca, .alpn = {"h2"}});
    tls::Session agreed = tls.connect(runtime::connect(server.test.server.address()), "127.0.0.1");
    EXPECT_EQ(agreed.alpn, "h2");  // and no preface behind it
    internal::RawClient silent(server.test.server.address());
    silent.send("\x16\x03\x01");  // and no more of a ClientHello
    EXPECT_EQ(silent.read_to_end(), "");
    EXPECT_EQ(server.test.server.stats().handshakes_failed, 2u);
    const runtime::DeadlineScope scope(10s);
    char buffer[1024];
    while (agreed.socket.read_some(buffer) != 0) {
    }
  });
}

TEST_P(TlsTest, a_drain_ends_secure_connections_in_order) {
  run([] {
    SecureServer server;
    const tls::ClientContext tls({.ca = server.pki.ca});
    Client newer({.tls = &tls}), older({.protocol = Protocol::http1, .tls = &tls});
    EXPECT_EQ(newer.get(server.url()).status, 200);
    EXPECT_EQ(older.get(server.url()).status, 200);
    const std::string url = server.url();
    EXPECT_TRUE(server.test.server.drain(10s));
    EXPECT_EQ(error_of([&] { newer.get(url); }).code(), Code::unavailable);
  });
}

TEST_P(TlsTest, a_drain_answers_the_next_request_of_a_secure_connection) {
  run([] {
    SecureServer server;
    const tls::ClientContext tls({.ca = server.pki.ca});
    Client client({.protocol = Protocol::http1, .tls = &tls});
    const std::string url = server.url();
    EXPECT_EQ(client.get(url).status, 200);
    auto drain = runtime::spawn([&] { return server.test.server.drain(10s); });
    runtime::sleep_for(20ms);
    EXPECT_EQ(client.get(url).header("connection"), "close");
    EXPECT_TRUE(drain.join());
    EXPECT_EQ(error_of([&] { client.get(url); }).code(), Code::unavailable);
  });
}

}  // namespace
}  // namespace marty::http
