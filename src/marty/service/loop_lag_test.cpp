#include "marty/service/loop_lag.hpp"

#include <gtest/gtest.h>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"

namespace marty::service {
namespace {

using namespace std::chrono_literals;

telemetry::Series lag_of(const telemetry::Metrics& metrics, const std::string& loop) {
  for (const telemetry::MetricFamily& family : metrics.read()) {
    for (const telemetry::Series& series : family.series) {
      if (family.name == "mmf_event_loop_lag_seconds" && series.labels[0].value == loop) return series;
    }
  }
  return {};
}

TEST(LoopLag, AsksOnceASecondUntilItIsStopped) {
  runtime::SimulatedWorld().run([] {
    telemetry::Metrics metrics;
    LoopLag lag(metrics);
    lag.start();
    runtime::sleep_for(5500ms);
    lag.stop();
    EXPECT_EQ(lag_of(metrics, "0").value, 5);
    EXPECT_EQ(lag_of(metrics, "0").sum, 0);
    runtime::sleep_for(5s);
    EXPECT_EQ(lag_of(metrics, "0").value, 5);
  });
}

TEST(LoopLag, SeesALoopThatIsHeld) {
  auto world = runtime::World::real({.loops = 2});
  world->run([&] {
    telemetry::Metrics metrics;
    LoopLag lag(metrics, 1ms);
    auto holding = runtime::spawn([&] {
      runtime::run_on(*world->loops()[1], [] {
        const runtime::TimePoint end = runtime::now() + 50ms;
        while (runtime::now() < end) {
        }
      });
    });
    lag.start();
    while (lag_of(metrics, "1").value < 1) runtime::yield();
    holding.join();
    lag.stop();
    EXPECT_GT(lag_of(metrics, "1").sum, 0.02);
  });
}

}  // namespace
}  // namespace marty::service
