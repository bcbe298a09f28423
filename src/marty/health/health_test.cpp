#include "marty/health/health.hpp"

#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::health {
namespace {

using namespace std::chrono_literals;

void in_simulation(const std::function<void()>& test) { runtime::SimulatedWorld().run(test); }

void fail() { throw Error(Code::unavailable, "cannot connect to 10.0.0.7:5432"); }

TEST(Health, is_ready_only_while_running) {
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

TEST(Health, a_failing_required_check_makes_it_unhealthy) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = fail});
    health.set_phase(Health::Phase::running);
    const HealthReport report = health.report();
    EXPECT_FALSE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::unhealthy);
  });
}

TEST(Health, why_a_component_is_not_well_is_not_in_the_report_but_for_who_runs_the_service) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = fail});
    health.add({.name = "cache", .required = false, .check = [] { throw std::runtime_error("no 10.0.0.8"); }});
    health.add({.name = "queue", .check = [] {}});
    EXPECT_TRUE(health.reasons().empty());
    const std::vector<ComponentHealth> components = health.report().components;
    EXPECT_EQ(components.at(0).code, "unavailable");
    EXPECT_EQ(components.at(1).code, "internal");
    EXPECT_EQ(components.at(2).code, std::nullopt);
    const std::vector<HealthReason> reasons = health.reasons();
    ASSERT_EQ(reasons.size(), 2u);
    EXPECT_EQ(reasons[0].component, "database");
    EXPECT_EQ(reasons[0].reason, "unavailable: cannot connect to 10.0.0.7:5432");
    EXPECT_EQ(reasons[1].reason, "no 10.0.0.8");
  });
}

TEST(Health, a_change_is_logged_once_however_often_it_is_asked_for) {
  in_simulation([] {
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink);
    telemetry::Context context;
    context.logging = &logging;
    const telemetry::ContextScope scope(context);
    std::optional<Code> failing;
    Health health("shop", "1.0.0");
    health.add({.name = "database", .check = [&] {
                  if (failing)
                    throw Error(*failing, "no answer from 10.0.0.7 at " +
                                              std::to_string(runtime::now().time_since_epoch().count()));
                }});
    const auto probe = [&](std::optional<Code> code) {
      failing = code;
      for (int i = 0; i < 5; ++i) {
        health.report();
        runtime::sleep_for(2s);
      }
    };
    probe(std::nullopt);
    EXPECT_EQ(sink.lines().size(), 0u);
    probe(Code::unavailable);
    probe(Code::unauthenticated);
    probe(std::nullopt);
    const std::vector<std::string> lines = sink.lines();
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_NE(lines[0].find("no answer from 10.0.0.7"), std::string::npos) << lines[0];
    EXPECT_NE(lines[1].find("unauthenticated"), std::string::npos) << lines[1];
    EXPECT_NE(lines[2].find("well again"), std::string::npos) << lines[2];
  });
}

TEST(Health, a_failing_optional_check_only_degrades_it) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "recommendations", .required = false, .check = fail});
    health.set_phase(Health::Phase::running);
    const HealthReport report = health.report();
    EXPECT_TRUE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::degraded);
  });
}

TEST(Health, a_required_component_with_a_limit_is_degraded_and_ready_until_it_has_none) {
  in_simulation([] {
    Health health("shop", "1.0.0", runtime::Duration::zero());
    std::string limit = "no room on its disk";
    health.add({.name = "database", .check = [] {}, .limits = [&] { return limit; }});
    health.set_phase(Health::Phase::running);
    HealthReport report = health.report();
    EXPECT_TRUE(health.ready(report));
    EXPECT_EQ(report.status, HealthStatus::degraded);
    EXPECT_EQ(report.components.at(0).code, "resource_exhausted");
    EXPECT_EQ(health.reasons().at(0).reason, "no room on its disk");
    limit = "";
    report = health.report();
    EXPECT_EQ(report.status, HealthStatus::healthy);
    EXPECT_EQ(report.components.at(0).code, std::nullopt);
    EXPECT_TRUE(health.reasons().empty());
  });
}

TEST(Health, a_hanging_check_fails_at_its_timeout_while_others_are_asked) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    for (const char* name : {"slow", "slower"})
      health.add({.name = name, .check = [] { runtime::sleep_for(1h); }, .timeout = 2s});
    const runtime::TimePoint before = runtime::now();
    EXPECT_EQ(health.report().status, HealthStatus::unhealthy);
    EXPECT_EQ(runtime::now() - before, 2s);  // at the same time, not one after the other
  });
}

TEST(Health, probes_within_a_second_share_one_answer) {
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

TEST(Health, a_probe_that_gives_up_says_nothing_about_the_components) {
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

TEST(Health, anything_that_a_check_throws_is_a_failure) {
  in_simulation([] {
    Health health("shop", "1.0.0");
    health.add({.name = "odd", .check = [] { throw 7; }});
    EXPECT_EQ(health.report().status, HealthStatus::unhealthy);
  });
}

}  // namespace
}  // namespace marty::health
