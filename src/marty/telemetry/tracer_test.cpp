#include "marty/telemetry/tracer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>

#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/span.hpp"

namespace marty::telemetry {
namespace {

using internal::collect_all;
using internal::ReadSpan;
using namespace std::chrono_literals;

void in_simulation(const std::function<void()>& body) { runtime::SimulatedWorld().run(body); }

// One request with a child span; it takes so long, and fails where asked to.
void serve(const Tracer& tracer, std::string_view name, runtime::Duration duration, bool fails = false,
           std::optional<double> ratio = std::nullopt) {
  Context context;
  context.begin();
  tracer.start(context, ratio);
  const ContextScope scope(context);
  Span span(name, {}, SpanKind::server);
  Span("child").end();
  runtime::sleep_for(duration);
  if (fails) span.fail("no");
}

TEST(Tracer, takes_the_share_that_its_ratio_says_and_the_same_traces_everywhere) {
  const Tracer production({.sample_ratio = 0.1}), staging({.sample_ratio = 0.5}), elsewhere({.sample_ratio = 0.1});
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    Context context;
    context.begin();
    production.start(context);
    taken += context.sampled;
    EXPECT_EQ(elsewhere.samples(context.trace_id, 0.1), context.sampled);
    if (context.sampled) {
      EXPECT_TRUE(staging.samples(context.trace_id, 0.5));
    }
  }
  EXPECT_NEAR(taken, 1000, 150);
}

TEST(Tracer, takes_all_or_nothing_at_the_ends) {
  const Tracer tracer;
  for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    EXPECT_TRUE(tracer.samples({1, low}, 1));
    EXPECT_FALSE(tracer.samples({1, low}, 0));
  }
}

TEST(Tracer, follows_its_caller) {
  struct Header {
    std::string_view name, value;
  };
  const Tracer none({.sample_ratio = 0}), all({.sample_ratio = 1});
  Context context;
  context.begin(std::array{Header{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
                Peer::untrusted);
  none.start(context);
  EXPECT_TRUE(context.sampled);
  context.begin(std::array{Header{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}},
                Peer::untrusted);
  all.start(context);
  EXPECT_FALSE(context.sampled);
  context.begin(std::array{Header{"b3", "0"}}, Peer::untrusted);
  all.start(context);
  EXPECT_FALSE(context.sampled);
}

TEST(Tracer, lets_a_route_have_its_own_ratio) {
  const Tracer tracer({.sample_ratio = 1});
  Context context;
  context.begin();
  tracer.start(context, 0.0);
  EXPECT_FALSE(context.sampled);
}

TEST(Tracer, keeps_failed_slow_and_slowest_traces_of_those_that_it_does_not_sample) {
  in_simulation([] {
    Tracer tracer({.sample_ratio = 0, .slow = 1s, .slowest_window = 10s});
    tracer.record(true);
    for (int i = 0; i < 100; ++i) serve(tracer, "quick", 1ms * (i % 7));
    serve(tracer, "quick", 50ms);
    for (int i = 0; i < 10; ++i) serve(tracer, "fails", 1ms, true);
    for (int i = 0; i < 5; ++i) serve(tracer, "slow", 1s);
    const std::vector<ReadSpan> spans = collect_all(tracer);
    std::map<std::string, int> reasons;
    for (const ReadSpan& span : spans) {
      if (span.name != "child") ++reasons[span.name + ' ' + span.attributes.at("mmf.sampling_reason")];
    }
    EXPECT_EQ(reasons, (std::map<std::string, int>{{"fails error", 10}, {"slow slow", 5}, {"quick slowest", 1}}));
    EXPECT_EQ(spans.size(), 32u);  // each with its child
    EXPECT_EQ(tracer.counts().kept, 32u);
    EXPECT_EQ(tracer.counts().left_out, 200u);
    EXPECT_EQ(tracer.counts().sampled, 0u);
  });
}

TEST(Tracer, keeps_no_slowest_of_a_route_that_is_not_sampled_but_its_failed_and_slow_ones) {
  in_simulation([] {
    Tracer tracer;
    tracer.record(true);
    for (int i = 0; i < 100; ++i) serve(tracer, "probe", 1ms * i, false, 0.0);
    EXPECT_TRUE(collect_all(tracer).empty());
    serve(tracer, "probe", 1ms, true, 0.0);
    serve(tracer, "probe", 1s, false, 0.0);
    EXPECT_EQ(collect_all(tracer).size(), 4u);  // each with its child
    EXPECT_EQ(tracer.counts().left_out, 200u);
  });
}

TEST(Tracer, tells_the_slowest_of_each_window_when_it_ends) {
  in_simulation([] {
    Tracer tracer({.sample_ratio = 0, .slow = 0s, .slowest_window = 10s});
    tracer.record(true);
    std::string batch;
    for (int i = 0; i < 30; ++i) {
      serve(tracer, "work", 1s);
      tracer.collect(batch, 1 << 20);
    }
    EXPECT_EQ(internal::read_spans(batch).size(), 4u);  // two windows have ended, each of two spans
  });
}

TEST(Tracer, records_nothing_that_it_would_not_keep) {
  Tracer tracer({.sample_ratio = 0, .keep_errors = false, .slow = 0s, .slowest_window = 0s});
  tracer.record(true);
  Context context;
  context.begin();
  tracer.start(context);
  EXPECT_EQ(context.tracer, nullptr);
}

TEST(Tracer, forgets_spans_whose_root_does_not_end) {
  in_simulation([] {
    Tracer tracer({.sample_ratio = 0});
    tracer.record(true);
    Context context;
    context.begin();
    tracer.start(context);
    const ContextScope scope(context);
    Span root("root");
    std::string batch;
    for (int i = 0; i < 20'000; ++i) {
      Span("child").end();
      if (i % 1000 == 0) tracer.collect(batch, 1 << 20);
    }
    runtime::sleep_for(31s);
    tracer.collect(batch, 1 << 20);
    tracer.collect(batch, 1 << 20);
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(tracer.counts().dropped, 16'385u) << "no room for more";
    EXPECT_EQ(tracer.counts().left_out, 3'615u) << "no root in time";
  });
}

TEST(Tracer, counts_what_finds_no_room_and_calls_before) {
  in_simulation([] {
    Tracer tracer({.ring_spans = 64});
    tracer.record(true);
    int calls = 0;
    tracer.on_pressure([&] { ++calls; });
    for (int i = 0; i < 50; ++i) serve(tracer, "work", 0s);
    EXPECT_GT(calls, 0);
    EXPECT_EQ(tracer.dropped(), 36u);
    EXPECT_EQ(collect_all(tracer).size(), 64u);
    serve(tracer, "work", 0s);
    EXPECT_EQ(collect_all(tracer).size(), 2u);
    EXPECT_EQ(tracer.counts().sampled, 66u);
  });
}

TEST(Tracer, gives_batches_of_the_size_asked_for) {
  in_simulation([] {
    Tracer tracer;
    tracer.record(true);
    for (int i = 0; i < 100; ++i) serve(tracer, "work", 0s);
    std::size_t spans = 0;
    for (;;) {
      std::string batch;
      const std::size_t count = tracer.collect(batch, 1000);
      if (count == 0) break;
      EXPECT_LT(batch.size(), 1600u);
      EXPECT_EQ(internal::read_spans(batch).size(), count);
      spans += count;
    }
    EXPECT_EQ(spans, 200u);
  });
}

TEST(Tracer, takes_spans_of_all_threads) {
  Tracer tracer({.ring_spans = 1 << 15});
  tracer.record(true);
  std::set<std::string> ids;
  const auto world = runtime::World::real({.loops = 2});
  world->run([&] {
    const auto serve_many = [&] {
      for (int i = 0; i < 1000; ++i) {
        Context context;
        context.begin();
        tracer.start(context);
        const ContextScope scope(context);
        Span span("work");
        Span("child").end();
        if (i % 10 == 0) runtime::yield();
      }
    };
    auto collecting = runtime::spawn([&] {
      for (int i = 0; i < 50; ++i) {
        std::string batch;
        tracer.collect(batch, 1 << 20);
        for (const ReadSpan& span : internal::read_spans(batch)) ids.insert(span.span_id);
        runtime::yield();
      }
    });
    auto here = runtime::spawn(serve_many);
    runtime::run_on(*world->loops()[1], serve_many);
    runtime::BlockingPool pool;
    Context context;
    context.begin();
    tracer.start(context);
    const ContextScope scope(context);
    pool.run([] { Span span("blocking"); });
    here.join();
    collecting.join();
    for (const ReadSpan& span : collect_all(tracer)) ids.insert(span.span_id);
  });
  EXPECT_EQ(ids.size(), 4001u);
  EXPECT_EQ(tracer.dropped(), 0u);
}

// The ring of the pool's thread is read after that of the loop, which made the root.
TEST(Tracer, keeps_what_other_threads_did_for_a_trace_that_failed) {
  Tracer tracer({.sample_ratio = 0, .slow = 0s, .slowest_window = 0s});
  tracer.record(true);
  runtime::World::real({.loops = 1})->run([&] {
    runtime::BlockingPool pool({.threads = 1});
    std::string batch;
    for (int i = 0; i < 3; ++i) {
      Context context;
      context.begin();
      tracer.start(context);
      const ContextScope scope(context);
      Span root("root", {}, SpanKind::server);
      Span("here").end();
      pool.run([] { Span span("there"); });
      root.fail("no");
      root.end();
      tracer.collect(batch, 1 << 20);
    }
    tracer.collect(batch, 1 << 20);
    EXPECT_EQ(internal::read_spans(batch).size(), 9u);
    EXPECT_EQ(tracer.counts().kept, 9u);
    EXPECT_EQ(tracer.counts().left_out + tracer.counts().dropped, 0u);
  });
}

// One span of a trace of its own.
void record(const Tracer& tracer, std::string_view name) {
  Context context;
  context.begin();
  tracer.start(context);
  const ContextScope scope(context);
  Span span(name);
}

// On a thread that has ended when this returns: what it recorded stays, in a ring of its own.
void elsewhere(const std::function<void()>& work) { std::thread(work).join(); }

TEST(Tracer, a_thread_that_records_more_than_is_collected_keeps_no_other_waiting) {
  constexpr std::size_t kSlots = 64;
  Tracer tracer({.ring_spans = kSlots});
  tracer.record(true);
  const auto overload = [&] {
    for (std::size_t i = 0; i < kSlots; ++i) record(tracer, "busy");
  };
  overload();
  elsewhere([&] { record(tracer, "quiet"); });
  std::size_t batches = 0;
  for (bool seen = false; !seen; ++batches) {
    ASSERT_LT(batches, 2 * kSlots) << "the second ring was never read";
    std::string batch;
    tracer.collect(batch, 200);  // a span or two
    for (const ReadSpan& span : internal::read_spans(batch)) seen = seen || span.name == "quiet";
    overload();
  }
  EXPECT_GT(batches, 10u);
}

TEST(Tracer, all_that_had_ended_before_a_root_is_there_when_it_is_decided_on) {
  class Seen final : public TraceObserver {
   public:
    void observe(const SpanRecord& record, std::string_view, std::int64_t) override {
      if (record.name() != "busy") names.emplace_back(record.name());
    }
    std::vector<std::string> names;
  } seen;
  Tracer tracer({.ring_spans = 256});
  tracer.observe(&seen);
  tracer.record(true);
  record(tracer, "busy");
  {
    Context context;
    context.begin();
    tracer.start(context);
    const ContextScope scope(context);
    Span root("root");
    elsewhere([&] {
      Context there(context);
      const ContextScope other(there);
      for (int i = 0; i < 20; ++i) record(tracer, "busy");
      const ContextScope again(there);
      Span child("child");
    });
    root.fail("no");
  }
  for (int i = 0; i < 100; ++i) {
    for (int busy = 0; busy < 4; ++busy) record(tracer, "busy");
    std::string batch;
    tracer.collect(batch, 200);
  }
  EXPECT_EQ(seen.names, (std::vector<std::string>{"child", "root"})) << "a part of a trace ends with its root";
}

TEST(Tracer, the_rest_is_all_that_there_is_also_amid_a_round) {
  Tracer tracer({.ring_spans = 64});
  tracer.record(true);
  for (int i = 0; i < 10; ++i) record(tracer, "first");
  std::string batch;
  tracer.collect(batch, 200);
  for (int i = 0; i < 10; ++i) record(tracer, "second");
  tracer.collect_rest(batch, batch.max_size());
  EXPECT_EQ(internal::read_spans(batch).size(), 20u);
}

}  // namespace
}  // namespace marty::telemetry
