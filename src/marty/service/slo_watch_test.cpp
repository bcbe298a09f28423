#include "marty/service/slo_watch.hpp"

#include <gtest/gtest.h>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::service {
namespace {

using namespace std::chrono_literals;

// 10 requests a second for `duration`, every n-th of them a failure.
void send(telemetry::HttpMetrics::Route& route, runtime::Duration duration, int failures_every) {
  const runtime::TimePoint end = runtime::now() + duration;
  for (int i = 0; runtime::now() < end; ++i) {
    route.record({.status = failures_every != 0 && i % failures_every == 0 ? 500 : 200}, 1ms);
    runtime::sleep_for(100ms);
  }
}

TEST(SloWatch, shows_what_requests_did_to_an_objective) {
  runtime::SimulatedWorld().run([] {
    telemetry::Metrics metrics;
    telemetry::HttpMetrics http(metrics, "petstore");
    telemetry::HttpMetrics::Route& pets = http.route("GET", "/pets");
    SloWatch watch(metrics);
    watch.start({{.name = "available", .objective = 0.99, .window = std::chrono::days(1)}});
    const auto burn_rate = [&](const char* window) {
      return metrics.value("mmf_slo_burn_rate", {{"slo", "available"}, {"window", window}}).value();
    };
    EXPECT_EQ(metrics.value("mmf_slo_error_budget_remaining_ratio", {{"slo", "available"}}), 1) << "from the beginning";
    send(pets, 10min, 50);
    EXPECT_NEAR(burn_rate("5m"), 2, 0.05);
    EXPECT_NEAR(burn_rate("1d"), 2, 0.05);
    EXPECT_NEAR(metrics.value("mmf_slo_compliance_ratio", {{"slo", "available"}}).value(), 0.98, 0.0005);
    EXPECT_NEAR(metrics.value("mmf_slo_error_budget_remaining_ratio", {{"slo", "available"}}).value(), -1, 0.05);
    send(pets, 10min, 0);
    EXPECT_NEAR(burn_rate("5m"), 0, 0.001);
    EXPECT_NEAR(burn_rate("30m"), 1, 0.05);
    watch.stop();
  });
}

TEST(SloWatch, serves_a_service_that_has_no_request_metrics) {
  runtime::SimulatedWorld().run([] {
    telemetry::Metrics metrics;
    SloWatch watch(metrics);
    watch.start(telemetry::default_slos());
    runtime::sleep_for(11s);
    EXPECT_EQ(metrics.value("mmf_slo_burn_rate", {{"slo", "success"}, {"window", "7d"}}), 0);
    watch.stop();
  });
}

}  // namespace
}  // namespace marty::service
