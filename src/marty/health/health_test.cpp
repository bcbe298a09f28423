#include "marty/health/health.hpp"

#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::health {
namespace {

using namespace std::chrono_literals;

void in_simulation(const std::function<void()>& test) { runtime::SimulatedWorld().run(test); }

void fail() { throw Error(Code::unavailable, "cannot connect to 10.0.0.7:5432"); }

TEST(Health, IsReadyOnlyWhileRunning) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    EXPECT_FALSE(health.ready(health.report()));
    health.set_phase(Health::Phase::running);
    EXPECT_TRUE(health.ready(health.report()));
    health.set_phase(Health::Phase::draining);
    EXPECT_FALSE(health.ready(health.report()));
    EXPECT_EQ(health.report().phase, "draining");
  });
}

TEST(Health, AFailingRequiredCheckMakesItUnhealthyWithTheReason) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = fail});
    health.set_phase(Health::Phase::running);
    const HealthReport report = health.report();
    EXPECT_FALSE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::unhealthy);
    EXPECT_EQ(report.components.at(0).detail, "unavailable: cannot connect to 10.0.0.7:5432");
  });
}

TEST(Health, AFailingOptionalCheckOnlyDegradesIt) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "recommendations", .required = false, .check = fail});
    health.set_phase(Health::Phase::running);
    const HealthReport report = health.report();
    EXPECT_TRUE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::degraded);
  });
}

TEST(Health, ARequiredComponentWithALimitIsDegradedAndReadyUntilItHasNone) {
  in_simulation([] {
    Health health("shop", "1.0.0", runtime::Duration::zero());
    std::string limit = "no room on its disk";
    health.add({.name = "database", .check = [] {}, .limits = [&] { return limit; }});
    health.set_phase(Health::Phase::running);
    HealthReport report = health.report();
    EXPECT_TRUE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::degraded);
    EXPECT_EQ(report.components.at(0).detail, "no room on its disk");
    limit = "";
    report = health.report();
    EXPECT_EQ(report.status, HealthStatus::healthy);
    EXPECT_EQ(report.components.at(0).detail, "");
  });
}

TEST(Health, AHangingCheckFailsAtItsTimeoutWhileOthersAreAsked) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    for (const char* name : {"slow", "slower"})
      health.add({.name = name, .check = [] { runtime::sleep_for(1h); }, .timeout = 2s});
    const runtime::TimePoint before = runtime::now();
    EXPECT_EQ(health.report().status, HealthStatus::unhealthy);
    EXPECT_EQ(runtime::now() - before, 2s);  // at the same time, not one after the other
  });
}

TEST(Health, ProbesWithinASecondShareOneAnswer) {
  in_simulation([] {
    int checks = 0;
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = [&] {
                  ++checks;
                  runtime::sleep_for(10ms);
                }});
    auto other = runtime::spawn([&] { return health.report(); });
    health.report();
    other.join();
    EXPECT_EQ(checks, 1);
    runtime::sleep_for(1s);
    health.report();
    EXPECT_EQ(checks, 2);
  });
}

TEST(Health, AProbeThatGivesUpSaysNothingAboutTheComponents) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = [] { runtime::sleep_for(1500ms); }});
    health.set_phase(Health::Phase::running);
    EXPECT_THROW(
        {
          const runtime::DeadlineScope hasty(1s);
          health.report();
        },
        Error);
    EXPECT_TRUE(health.ready(health.report()));
  });
}

TEST(Health, AnythingThatACheckThrowsIsAFailure) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "odd", .check = [] { throw 7; }});
    EXPECT_EQ(health.report().status, HealthStatus::unhealthy);
  });
}

}  // namespace
}  // namespace marty::health
