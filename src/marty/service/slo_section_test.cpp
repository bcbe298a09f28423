// The section telemetry.slos.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/json/json.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/config.hpp"
#include "marty/service/service.hpp"

namespace marty::service {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string refusal(const std::string& slos) {
  try {
    json::parse<TelemetrySection>("{\"slos\":[" + slos + "]}");
    return "";
  } catch (const Error&) {
    return describe(std::current_exception());
  }
}

TEST(SloSection, has_the_default_objectives_where_there_are_no_others) {
  EXPECT_EQ(TelemetrySection().objectives().size(), 3u);
  EXPECT_TRUE(json::parse<TelemetrySection>(R"({"slos":[]})").objectives().empty());
}

TEST(SloSection, says_what_is_wrong_with_an_objective) {
  EXPECT_EQ(refusal(R"({"name":"a"})"), "");
  EXPECT_THAT(refusal(R"({"kind":"success"})"), HasSubstr("/slos/0/name"));
  EXPECT_THAT(refusal(R"({"name":"a b"})"), HasSubstr("/slos/0/name"));
  EXPECT_THAT(refusal(R"({"name":"a","objective":1})"), HasSubstr("/slos/0/objective"));
  EXPECT_THAT(refusal(R"({"name":"a","objective":0})"), HasSubstr("/slos/0/objective"));
  EXPECT_THAT(refusal(R"({"name":"a","kind":"fast"})"), HasSubstr("availability, success, latency"));
  EXPECT_THAT(refusal(R"({"name":"a","window":"23h"})"), HasSubstr("must be whole hours, from 1d to 90d"));
  EXPECT_THAT(refusal(R"({"name":"a","window":"24h30m"})"), HasSubstr("must be whole hours"));
  EXPECT_THAT(refusal(R"({"name":"a"},{"name":"a"})"), HasSubstr("is there twice"));
}

TEST(SloSection, a_latency_needs_a_threshold_that_is_counted) {
  const auto latency = [](const std::string& threshold) {
    return refusal(R"({"name":"a","kind":"latency","threshold":")" + threshold + "\"}");
  };
  EXPECT_EQ(latency("500ms"), "");
  EXPECT_EQ(latency("100us"), "");
  EXPECT_EQ(latency("10s"), "");
  EXPECT_THAT(latency("300ms"), HasSubstr("is no bound of mmf_request_duration_seconds, so nobody counts it: use "
                                          "250ms or 500ms"));
  EXPECT_THAT(latency("1us"), HasSubstr("use 100us"));
  EXPECT_THAT(latency("1m"), HasSubstr("use 10s"));
}

TEST(SloSection, of_a_configuration_is_followed) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("orders",
                    ServiceOptions{.directory = MARTY_SLO_GOLDEN, .environment = "testing", .log_sink = &log});
    service.get(
        "/api/v1/orders", [] { return std::vector<std::string>(); }, "List orders");
    service.start();
    runtime::sleep_for(6s);
    EXPECT_EQ(service.metrics().value("mmf_slo_burn_rate", {{"slo", "availability"}, {"window", "30d"}}), 0);
    EXPECT_EQ(service.metrics().value("mmf_slo_error_budget_remaining_ratio", {{"slo", "order-latency"}}), 1);
    EXPECT_EQ(service.metrics().value("mmf_slo_compliance_ratio", {{"slo", "success"}}), std::nullopt);
    service.stop();
  });
}

}  // namespace
}  // namespace marty::service
