// What contexts refuse before there is any connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/test_support.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {
namespace {

using internal::error_of;
using internal::TestPki;
using testing::HasSubstr;

void expect_refused(const std::function<void()>& make, Code code, const std::string& why) {
  const Error error = error_of(make);
  EXPECT_EQ(error.code(), code) << error.message();
  EXPECT_THAT(error.message(), HasSubstr(why));
}

TEST(ServerOptions, need_a_certificate) {
  expect_refused([] { ServerContext({}); }, Code::invalid_argument, "a TLS server needs a certificate");
}

TEST(ServerOptions, need_authorities_where_clients_show_certificates) {
  const TestPki pki;
  const CertificateFiles files = pki.issue_server();
  for (const ClientCertificates mode : {ClientCertificates::optional, ClientCertificates::required}) {
    expect_refused([&] { ServerContext({.certificates = {files}, .client_certificates = mode}); },
                   Code::invalid_argument, "nothing says whose are trusted");
  }
  expect_refused([&] { ServerContext({.certificates = {files}, .client_ca = pki.ca}); }, Code::invalid_argument,
                 "clients are not asked for certificates");
}

TEST(ServerOptions, are_refused_with_the_name_of_the_file) {
  const TestPki pki;
  const CertificateFiles files = pki.issue_server();
  expect_refused(
      [&] {
        ServerContext({.certificates = {{pki.path("none.pem"), files.key}}});
      },
      Code::not_found, pki.path("none.pem"));
  expect_refused(
      [&] {
        ServerContext({.certificates = {{files.certificate, files.certificate}}});
      },
      Code::invalid_argument, files.certificate + " holds no private key");
  expect_refused(
      [&] {
        ServerContext(
            {.certificates = {files}, .client_certificates = ClientCertificates::required, .client_ca = files.key});
      },
      Code::invalid_argument, files.key + " holds no certificate");
}

TEST(ServerOptions, refuse_protocol_names_that_alpn_cannot_send) {
  const TestPki pki;
  const CertificateFiles files = pki.issue_server();
  for (const std::string& name : {std::string(), std::string(256, 'x')}) {
    expect_refused([&] { ServerContext({.certificates = {files}, .alpn = {name}}); }, Code::invalid_argument,
                   "is not an ALPN protocol name");
    expect_refused([&] { ClientContext({.alpn = {name}, .verify = false}); }, Code::invalid_argument,
                   "is not an ALPN protocol name");
  }
}

TEST(ClientOptions, are_refused_where_they_contradict_each_other) {
  const TestPki pki;
  expect_refused(
      [&] {
        ClientContext({.ca = pki.ca, .certificate = {"a.pem", ""}});
      },
      Code::invalid_argument, "go together");
  expect_refused([&] { ClientContext({.ca = pki.ca, .verify = false}); }, Code::invalid_argument,
                 "but nothing is verified");
  expect_refused([&] { ClientContext({.ca = pki.path("none.pem")}); }, Code::not_found, pki.path("none.pem"));
}

// Sets a variable of the environment for a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(ClientOptions, trust_what_the_system_trusts_unless_told) {
  const TestPki pki;
  const CertificateFiles files = pki.issue_server();
  const Variable trusted("SSL_CERT_FILE", pki.ca);  // as OpenSSL's own programs have it
  const ClientContext client;
  runtime::World::real({.loops = 1})->run([&] {
    const ServerContext server({.certificates = {files}});
    EXPECT_EQ(internal::shake_hands(server, client).client.peer->subject, "CN=server");
  });
}

TEST(ClientOptions, a_system_that_trusts_nobody_is_named) {
  const TestPki pki;
  const Variable trusted("SSL_CERT_FILE", pki.path("none.crt"));
  expect_refused([] { ClientContext(); }, Code::not_found, pki.path("none.crt"));
}

}  // namespace
}  // namespace marty::tls
