// With the program `openssl` at the other end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>

#include "marty/tls/internal/openssl_program.hpp"
#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::error_of;
using internal::OpensslProgram;
using internal::run_in;
using internal::TestPki;
using internal::WorldKind;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t number = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++number;
  return number;
}

// Serves one client after the other: what it sends comes back.
class EchoServer {
 public:
  explicit EchoServer(ServerOptions options) : context_(std::move(options)) {}

  // What s_client says; it sends a line, and ends when it has it back.
  std::string talk(const Arguments& arguments, std::string_view input = "hello\n") {
    OpensslProgram client(Arguments{"s_client", "-connect", address(), "-no_ign_eof"} + arguments);
    client.write(input);
    client.read_until(input);
    return client.finish();
  }
  std::string address() const { return listener_.local_address().to_string(); }
  const std::vector<Session>& sessions() const { return sessions_; }
  const std::vector<Error>& errors() const { return errors_; }

 private:
  void serve() {
    for (;;) {
      runtime::Socket socket = listener_.accept();
      try {
        sessions_.push_back(context_.accept(std::move(socket)));
        char buffer[1024];
        runtime::Socket& plain = sessions_.back().socket;
        while (const std::size_t size = plain.read_some(buffer)) plain.write({{buffer, size}});
        plain.close();
      } catch (const Error& error) {
        if (runtime::cancelled()) throw;
        errors_.push_back(error);
      }
    }
  }

  ServerContext context_;
  runtime::Listener listener_ = runtime::listen(runtime::Address::ip("127.0.0.1", 0));
  std::vector<Session> sessions_;
  std::vector<Error> errors_;
  runtime::Task<std::function<void()>> serving_{[this] { serve(); }};
};

class Interop : public testing::Test {
 protected:
  void run(std::function<void()> test) { run_in(WorldKind::real, std::move(test)); }
};

TEST_F(Interop, clients_of_both_versions_are_served) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    const Arguments verifying{"-CAfile", pki.ca, "-verify_return_error", "-verify_hostname", "localhost"};
    EXPECT_THAT(server.talk(verifying + Arguments{"-tls1_3"}),
                testing::AllOf(HasSubstr("New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"), HasSubstr("hello"),
                               HasSubstr("Verify return code: 0 (ok)"), HasSubstr("Server Temp Key: X25519")));
    EXPECT_THAT(server.talk(verifying + Arguments{"-tls1_2"}),
                testing::AllOf(HasSubstr("New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"), HasSubstr("hello"),
                               HasSubstr("Verify return code: 0 (ok)"), HasSubstr("Compression: NONE")));
    ASSERT_EQ(server.sessions().size(), 2u);
    EXPECT_EQ(server.sessions()[0].version, "TLSv1.3");
    EXPECT_EQ(server.sessions()[1].version, "TLSv1.2");
    EXPECT_EQ(server.sessions()[1].cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  });
}

TEST_F(Interop, clients_of_older_versions_are_refused) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    for (const char* version : {"-tls1_1", "-tls1"}) {
      EXPECT_THAT(server.talk({version, "-cipher", "DEFAULT@SECLEVEL=0"}), HasSubstr("alert protocol version"));
    }
    ASSERT_EQ(server.errors().size(), 2u);
    EXPECT_EQ(server.errors()[0].code(), Code::invalid_argument);
    EXPECT_THAT(server.errors()[0].message(),
                HasSubstr("does not speak TLS 1.2 or 1.3 as this server does: unsupported"));
  });
}

TEST_F(Interop, clients_without_forward_secrecy_or_aead_are_refused) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    for (const char* suite : {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"})
      EXPECT_THAT(server.talk({"-tls1_2", "-cipher", suite}), HasSubstr("alert handshake failure")) << suite;
    for (const char* suite : {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"})
      EXPECT_THAT(server.talk({"-tls1_2", "-cipher", suite}), HasSubstr(suite)) << suite;
  });
}

TEST_F(Interop, clients_choose_among_the_curves) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    EXPECT_THAT(server.talk({"-groups", "P-256"}), HasSubstr("Server Temp Key: ECDH, prime256v1"));
    EXPECT_THAT(server.talk({"-groups", "P-384"}), HasSubstr("Server Temp Key: ECDH, secp384r1"));
    EXPECT_THAT(server.talk({"-groups", "P-521"}), HasSubstr("alert handshake failure"));
  });
}

TEST_F(Interop, clients_resume_sessions) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    // Connects, and five times again with the session of before.
    EXPECT_EQ(count(server.talk({"-tls1_2", "-reconnect"}), "Reused, TLSv1.2, "), 5u);
    EXPECT_THAT(server.talk({"-tls1_3", "-sess_out", pki.path("session")}), HasSubstr("New, TLSv1.3, "));
    EXPECT_THAT(server.talk({"-tls1_3", "-sess_in", pki.path("session")}), HasSubstr("Reused, TLSv1.3, "));
    EXPECT_TRUE(server.sessions().back().resumed);
  });
}

TEST_F(Interop, clients_may_not_renegotiate) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    OpensslProgram client({"s_client", "-connect", server.address(), "-tls1_2"});
    client.read_until("Verify return code");
    client.write("R\n");  // its command for that
    EXPECT_THAT(client.finish(), HasSubstr("no renegotiation"));
  });
}

TEST_F(Interop, clients_get_no_early_data) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}});
    EXPECT_THAT(server.talk({"-tls1_3", "-sess_out", pki.path("session")}), HasSubstr("Max Early Data: 0"));
  });
}

TEST_F(Interop, clients_agree_on_a_protocol) {
  run([] {
    const TestPki pki;
    EchoServer server({.certificates = {pki.issue_server()}, .alpn = {"h2", "http/1.1"}});
    EXPECT_THAT(server.talk({"-alpn", "http/1.1,h2"}), HasSubstr("ALPN protocol: h2"));
    EXPECT_THAT(server.talk({}), HasSubstr("No ALPN negotiated"));
    EXPECT_THAT(server.talk({"-alpn", "spdy/3"}), HasSubstr("no application protocol"));
  });
}

TEST_F(Interop, clients_show_certificates) {
  run([] {
    const TestPki pki, other("Other CA");
    EchoServer server({.certificates = {pki.issue_server()},
                       .client_certificates = ClientCertificates::required,
                       .client_ca = pki.ca});
    const CertificateFiles good = pki.issue_client("orders"), bad = other.issue_client();
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
      EXPECT_THAT(
          server.talk({version, "-cert", good.certificate, "-key", good.key}),
          testing::AllOf(HasSubstr("hello"), ContainsRegex("Acceptable client certificate CA names\nCN = Test CA")));
      EXPECT_THAT(server.talk({version, "-cert", bad.certificate, "-key", bad.key}), HasSubstr("alert unknown ca"));
      server.talk({version});
    }
    ASSERT_EQ(server.sessions().size(), 2u);
    for (const Session& session : server.sessions()) EXPECT_EQ(session.peer->subject, "CN=orders");
    ASSERT_EQ(server.errors().size(), 4u);
    for (const Error& error : server.errors()) EXPECT_EQ(error.code(), Code::unauthenticated);
  });
}

// s_server, which answers "GET /" with a page about the connection.
class PageServer {
 public:
  PageServer(const CertificateFiles& files, const Arguments& arguments = {})
      : program_(
            Arguments{"s_server", "-accept", "127.0.0.1:0", "-www", "-cert", files.certificate, "-key", files.key} +
            arguments) {
    const std::string said = program_.read_until("ACCEPT 127.0.0.1:");
    const std::size_t at = said.find("ACCEPT 127.0.0.1:") + 17;
    std::from_chars(said.data() + at, said.data() + said.size(), port_);
  }

  struct Page {
    Session session;
    std::string text;
  };
  Page get(const ClientContext& client, const std::vector<std::string>* alpn = nullptr) const {
    Page page{client.connect(runtime::connect(runtime::Address::ip("127.0.0.1", port_)), "localhost", alpn), {}};
    page.session.socket.write({"GET / HTTP/1.0\r\n\r\n"});
    page.text = internal::read_all(page.session.socket);
    return page;
  }

 private:
  OpensslProgram program_;
  std::uint16_t port_ = 0;
};

TEST_F(Interop, servers_of_both_versions_are_talked_to) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    const CertificateFiles files = pki.issue_server();
    const PageServer tls13(files, {"-tls1_3"}), tls12(files, {"-tls1_2"});
    EXPECT_THAT(tls13.get(client).text, HasSubstr("New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"));
    const PageServer::Page page = tls12.get(client);
    EXPECT_THAT(page.text, HasSubstr("New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"));
    EXPECT_EQ(page.session.version, "TLSv1.2");
    EXPECT_EQ(page.session.peer->subject, "CN=server");
  });
}

TEST_F(Interop, servers_of_older_versions_are_refused) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    const PageServer server(pki.issue_server(), {"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"});
    const Error error = error_of([&] { (void)server.get(client); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("refuses the TLS handshake: protocol version"));
  });
}

TEST_F(Interop, sessions_with_servers_are_resumed) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca});
    const CertificateFiles files = pki.issue_server();
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
      const PageServer server(files, {version});
      EXPECT_FALSE(server.get(client).session.resumed);
      for (int i = 0; i < 3; ++i) {
        const PageServer::Page page = server.get(client);
        EXPECT_TRUE(page.session.resumed);
        EXPECT_THAT(page.text, HasSubstr("Reused, TLSv1."));
        EXPECT_EQ(page.session.peer->subject, "CN=server");
      }
    }
  });
}

TEST_F(Interop, servers_ask_for_a_certificate) {
  run([] {
    const TestPki pki;
    const PageServer server(pki.issue_server(), {"-Verify", "1", "-CAfile", pki.ca, "-verify_return_error"});
    const ClientContext known({.ca = pki.ca, .certificate = pki.issue_client("orders")});
    EXPECT_THAT(server.get(known).text, HasSubstr("Client certificate"));
    const ClientContext unknown({.ca = pki.ca});
    EXPECT_THAT(error_of([&] { (void)server.get(unknown); }).message(),
                HasSubstr("it refuses the connection: certificate required"));
  });
}

TEST_F(Interop, servers_choose_among_the_curves_and_protocols) {
  run([] {
    const TestPki pki;
    const ClientContext client({.ca = pki.ca, .alpn = {"h2", "http/1.1"}});
    const CertificateFiles files = pki.issue_server();
    const PageServer retrying(files, {"-groups", "P-384", "-alpn", "http/1.1"});  // by a HelloRetryRequest
    EXPECT_EQ(retrying.get(client).session.alpn, "http/1.1");
    const std::vector<std::string> other{"spdy/3"};
    EXPECT_THAT(error_of([&] { (void)retrying.get(client, &other); }).message(), HasSubstr("no application protocol"));
    const PageServer unknown(files, {"-groups", "P-521"});
    EXPECT_THAT(error_of([&] { (void)unknown.get(client); }).message(), HasSubstr("handshake failure"));
  });
}

}  // namespace
}  // namespace marty::tls
