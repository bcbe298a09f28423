#include "marty/service/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/runtime/file.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::service {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Certificates, a_renewal_serves_the_next_handshake_and_a_fault_changes_nothing) {
  http::internal::run_in(http::internal::WorldKind::simulated, [] {
    telemetry::RecordingSink sink;
    telemetry::Logging logging({.service = "test"}, sink);
    telemetry::Context context;
    context.logging = &logging;
    const telemetry::ContextScope scope(context);

    const tls::internal::TestPki pki;
    const auto issue = [&] { return pki.issue({.subject = "server", .dns_names = {"test"}}); };
    const tls::CertificateFiles files = issue();
    Certificates certificates({.certificates = {files}}, 10s);
    certificates.start();
    const tls::ClientContext client({.ca = pki.ca});
    const auto serial_number = [&] {
      return tls::internal::shake_hands(certificates.context(), client, "test").client.peer->serial_number;
    };
    const std::string before = serial_number();
    issue();
    runtime::sleep_for(11s);  // tidy:allow(sleep): virtual
    const std::string renewed = serial_number();
    EXPECT_NE(renewed, before);
    runtime::write_file(files.certificate, "-----BEGIN CERTIFICATE-----\nhalf");
    runtime::sleep_for(60s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(serial_number(), renewed);
    certificates.stop();
    const std::vector<std::string> lines = sink.lines();
    ASSERT_EQ(lines.size(), 2u);  // the fault once
    EXPECT_THAT(lines[0], HasSubstr("were renewed"));
    EXPECT_THAT(lines[1], HasSubstr("server.pem"));
  });
}

}  // namespace
}  // namespace marty::service
