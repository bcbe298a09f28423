#include "marty/service/runtime_metrics.hpp"

#include <gtest/gtest.h>

#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"

namespace marty::service {
namespace {

using namespace std::chrono_literals;

telemetry::Series lag_of(const telemetry::Metrics& metrics, const std::string& loop) {
  const std::optional<telemetry::MetricFamily> family = metrics.read("mmf_event_loop_lag_seconds");
  for (const telemetry::Series& series : family->series) {
    if (series.labels[0].value == loop) return series;
  }
  return {};
}

TEST(RuntimeMetrics, asks_once_a_second_until_it_is_stopped) {
  runtime::SimulatedWorld().run([] {
    telemetry::Metrics metrics;
    RuntimeMetrics watch(metrics, 1s);
    watch.start();
    runtime::sleep_for(5500ms);
    watch.stop();
    EXPECT_EQ(lag_of(metrics, "0").value, 5);
    EXPECT_EQ(lag_of(metrics, "0").sum, 0);
    runtime::sleep_for(5s);
    EXPECT_EQ(lag_of(metrics, "0").value, 5);
  });
}

// A simulated second costs nothing but what happens in it: no look at a stack, which is a system call.
TEST(RuntimeMetrics, look_once_a_simulated_minute) {
  runtime::SimulatedWorld().run([] {
    telemetry::Metrics metrics;
    RuntimeMetrics watch(metrics);
    watch.start();
    runtime::sleep_for(24h * 3 + 1s);
    watch.stop();
    EXPECT_EQ(lag_of(metrics, "0").value, 3 * 24 * 60);
    EXPECT_EQ(metrics.value("mmf_fiber_stack_high_water_bytes", {{"loop", "0"}}), 0);
  });
}

TEST(RuntimeMetrics, sees_a_loop_that_is_held) {
  auto world = runtime::World::real({.loops = 2});
  world->run([&] {
    telemetry::Metrics metrics;
    RuntimeMetrics watch(metrics, 1ms);
    auto holding = runtime::spawn([&] {
      runtime::run_on(*world->loops()[1], [] {
        const runtime::TimePoint end = runtime::now() + 50ms;
        while (runtime::now() < end) {
        }
      });
    });
    watch.start();
    while (lag_of(metrics, "1").value < 1) runtime::yield();
    holding.join();
    watch.stop();
    EXPECT_GT(lag_of(metrics, "1").sum, 0.02);
  });
}

TEST(RuntimeMetrics, show_the_fibers_of_each_loop_and_their_stacks) {
  runtime::World::real({.loops = 2})->run([] {
    telemetry::Metrics metrics;
    const telemetry::Labels second = {{"loop", "1"}};
    RuntimeMetrics watch(metrics, 1ms);
    watch.start();
    while (lag_of(metrics, "1").value < 2) runtime::yield();
    watch.stop();
    EXPECT_EQ(metrics.value("mmf_fibers", second), 1) << "the one that looks";
    EXPECT_GE(metrics.value("mmf_fibers_started_total", second), 2);
    EXPECT_GT(metrics.value("mmf_fiber_stack_high_water_bytes", second), 0);
    EXPECT_GT(metrics.value("mmf_event_loop_cpu_ratio", second), 0);
  });
}

TEST(RuntimeMetrics, show_the_blocking_pools) {
  runtime::World::real({.loops = 1})->run([] {
    telemetry::Metrics metrics;
    const telemetry::Labels files = {{"pool", "watched"}};
    runtime::BlockingPool pool({.name = "watched", .threads = 2});
    for (int i = 0; i < 3; ++i) pool.run([] {});
    RuntimeMetrics watch(metrics, 1ms);
    watch.start();
    while (metrics.value("mmf_blocking_pool_calls_total", files).value_or(0) == 0) runtime::yield();
    watch.stop();
    EXPECT_EQ(metrics.value("mmf_blocking_pool_calls_total", files), 3);
    EXPECT_EQ(metrics.value("mmf_blocking_pool_rejections_total", files), 0);
    EXPECT_GE(metrics.value("mmf_blocking_pool_threads", files), 1);
    EXPECT_EQ(metrics.value("mmf_blocking_pool_queue_length", files), 0);
  });
}

}  // namespace
}  // namespace marty::service
