// What the section security.tls refuses, before anything serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/service.hpp"

namespace marty {
namespace {

using testing::HasSubstr;

std::string refusal(const config::Variables& variables) {
  std::string said;
  runtime::SimulatedWorld().run([&] {
    telemetry::RecordingSink log;
    Service service(
        "hello", ServiceOptions{
                     .directory = "/nonexistent", .environment = "testing", .variables = variables, .log_sink = &log});
    try {
      service.start();
      service.stop();
    } catch (const Error&) {
      said = describe(std::current_exception());
    }
  });
  return said;
}

TEST(TlsSection, refuses_half_of_what_belongs_together) {
  const std::string tls = "MARTY_SECURITY__TLS__";
  EXPECT_EQ(refusal({}), "");
  EXPECT_THAT(refusal({{tls + "CERTIFICATE", "a.pem"}}), HasSubstr("goes with certificate: give both or none"));
  EXPECT_THAT(refusal({{tls + "KEY", "a.key"}}), HasSubstr("goes with certificate: give both or none"));
  EXPECT_THAT(refusal({{tls + "CLIENT_CERTIFICATES", "required"}, {tls + "CLIENT_CA", "ca.pem"}}),
              HasSubstr("is required where clients show certificates: without it there is no TLS"));
  const config::Variables served{{tls + "CERTIFICATE", "a.pem"}, {tls + "KEY", "a.key"}};
  const auto with = [&](const char* name, const char* value) {
    config::Variables variables = served;
    variables.emplace(tls + name, value);
    return refusal(variables);
  };
  EXPECT_THAT(with("CLIENT_CERTIFICATES", "optional"), HasSubstr("is required to verify the certificates of clients"));
  EXPECT_THAT(with("CLIENT_CA", "ca.pem"), HasSubstr("is of no use without client_certificates"));
  EXPECT_THAT(with("CLIENT_CERTIFICATES", "sometimes"), HasSubstr("none, optional, required"));
  EXPECT_THAT(with("RELOAD_INTERVAL", "1s"), HasSubstr("a.pem"));  // which is not there
}

}  // namespace
}  // namespace marty
