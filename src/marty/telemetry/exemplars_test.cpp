#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr double kBounds[] = {0.1, 1};

std::vector<Exemplar> exemplars_of(const Metrics& metrics) { return metrics.read("h_seconds")->series.at(0).exemplars; }

TEST(Exemplars, tell_the_span_in_which_a_value_of_a_bucket_was_recorded) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.", kBounds);
  Context context;
  context.begin();
  context.sampling_decided = true;  // as by Tracer::start()
  const ContextScope scope(context);
  histogram.record(7.0);
  histogram.record(0.05);
  const std::vector<Exemplar> found = exemplars_of(metrics);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].value, 0.05);
  EXPECT_EQ(found[1].value, 7.0);
  EXPECT_EQ(found[0].trace_id, context.trace_id);
  EXPECT_EQ(found[0].span_id, context.span_id);
  EXPECT_LT(runtime::wall_now() - found[0].time, 1min);
}

TEST(Exemplars, are_only_of_sampled_traces) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.", kBounds);
  histogram.record(7.0);
  Context context;
  context.begin();
  context.sampling_decided = true;  // as by Tracer::start()
  context.sampled = false;
  const ContextScope scope(context);
  histogram.record(7.0);
  EXPECT_TRUE(exemplars_of(metrics).empty());
}

TEST(Exemplars, are_replaced_once_a_second) {
  runtime::SimulatedWorld().run([] {
    Metrics metrics;
    Histogram histogram = metrics.histogram("h_seconds", "H.", kBounds);
    Context context;
    context.begin();
    context.sampling_decided = true;  // as by Tracer::start()
    const ContextScope scope(context);
    histogram.record(2.0);
    runtime::sleep_for(900ms);
    histogram.record(3.0);
    EXPECT_EQ(exemplars_of(metrics).at(0).value, 2.0);
    runtime::sleep_for(100ms);
    histogram.record(4.0);
    EXPECT_EQ(exemplars_of(metrics).at(0).value, 4.0);
  });
}

TEST(Exemplars, are_whole_where_many_threads_record_and_read) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.", kBounds);
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      Context context;
      while (!done) {
        context.begin();
        context.sampling_decided = true;  // as by Tracer::start()
        const ContextScope scope(context);
        for (int i = 0; i < 100; ++i) histogram.record(static_cast<double>(context.span_id.value >> 12));
      }
    });
  }
  const runtime::TimePoint end = runtime::now() + 1200ms;  // over one replacement
  std::size_t seen = 0;
  while (runtime::now() < end) {
    for (const Exemplar& exemplar : exemplars_of(metrics)) {
      EXPECT_EQ(exemplar.value, static_cast<double>(exemplar.span_id.value >> 12));
      ++seen;
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace marty::telemetry
