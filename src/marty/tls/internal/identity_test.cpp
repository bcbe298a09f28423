#include "marty/tls/internal/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/tls/internal/pem.hpp"
#include "marty/tls/internal/test_support.hpp"

namespace marty::tls::internal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Identity identity_in(const std::string& file) { return identity_of(parse_certificates(read(file)).front().get()); }

TEST(Identity, is_all_that_the_certificate_says) {
  const TestPki pki("Test CA");
  const Timestamp now = runtime::wall_now();
  const CertificateFiles files = pki.issue({.subject = "orders",
                                            .dns_names = {"orders.example", "*.orders.example"},
                                            .ip_addresses = {"10.0.0.7", "2001:db8::7"},
                                            .uris = {"spiffe://example.org/orders"},
                                            .valid_from = -2h,
                                            .valid_for = 3h});
  const Identity identity = identity_in(files.certificate);
  EXPECT_EQ(identity.subject, "CN=orders");
  EXPECT_EQ(identity.issuer, "CN=Test CA");
  EXPECT_EQ(identity.serial_number.size(), 32u);
  EXPECT_THAT(identity.dns_names, ElementsAre("orders.example", "*.orders.example"));
  EXPECT_THAT(identity.ip_addresses, ElementsAre("10.0.0.7", "2001:db8::7"));
  EXPECT_THAT(identity.uris, ElementsAre("spiffe://example.org/orders"));
  EXPECT_EQ(identity.spiffe_id, "spiffe://example.org/orders");
  EXPECT_NEAR(std::chrono::duration<double>(now - identity.not_before).count(), 2 * 3600, 5);
  EXPECT_NEAR(std::chrono::duration<double>(identity.not_after - now).count(), 3 * 3600, 5);
}

TEST(Identity, writes_the_subject_as_rfc4514) {
  const TestPki pki;
  EXPECT_EQ(identity_in(self_signed(pki, "-utf8", "/O=K\xC3\xA4se, Wurst \\+ Co/CN=orders").certificate).subject,
            "CN=orders,O=K\xC3\xA4se\\, Wurst \\+ Co");
  const Identity mail = identity_in(self_signed(pki, "-addext 'subjectAltName=email:ops@example.org'").certificate);
  EXPECT_THAT(mail.email_addresses, ElementsAre("ops@example.org"));
}

TEST(SpiffeIdentity, needs_exactly_one_uri) {
  const TestPki pki;
  const auto id = [&](std::vector<std::string> uris) {
    return identity_in(pki.issue({.uris = std::move(uris)}).certificate).spiffe_id;
  };
  EXPECT_EQ(id({"spiffe://example.org/a"}), "spiffe://example.org/a");
  EXPECT_EQ(id({"spiffe://example.org/a", "spiffe://example.org/b"}), "");
  EXPECT_EQ(id({"spiffe://example.org/a", "https://example.org"}), "");
  EXPECT_EQ(id({}), "");
}

TEST(SpiffeIdentity, needs_a_valid_id_with_a_path) {
  const TestPki pki;
  for (const char* uri : {"spiffe://example.org", "spiffe://Example.org/a", "https://example.org/a"})
    EXPECT_EQ(identity_in(pki.issue({.uris = {uri}}).certificate).spiffe_id, "") << uri;
}

TEST(SpiffeIdentity, is_none_of_an_authority) {
  const TestPki pki;
  const std::string name = "-addext subjectAltName=URI:spiffe://example.org/a ";
  const auto with = [&](const std::string& extensions) {
    const Identity identity = identity_in(self_signed(pki, name + extensions).certificate);
    EXPECT_THAT(identity.uris, testing::Not(IsEmpty()));
    return identity.spiffe_id;
  };
  const std::string leaf = "-addext basicConstraints=critical,CA:FALSE ";
  EXPECT_EQ(with(leaf + "-addext keyUsage=critical,digitalSignature"), "spiffe://example.org/a");
  EXPECT_EQ(with(leaf + "-addext keyUsage=critical,digitalSignature,keyCertSign"), "");
  EXPECT_EQ(with(leaf + "-addext keyUsage=critical,digitalSignature,cRLSign"), "");
  EXPECT_EQ(with(leaf), "");  // X509-SVID section 4.3: key usage has to be there
  EXPECT_EQ(with("-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,digitalSignature"), "");
}

}  // namespace
}  // namespace marty::tls::internal
