// Context, logs and metrics on the loops, fibers and pool threads of a world.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

using namespace std::chrono_literals;

// One request's worth of work: it logs before and after each of its waits.
void serve(Logging& logging, int number, int waits) {
  Context context;
  context.begin();
  context.logging = &logging;
  const ContextScope scope(context);
  const auto correlation = with_correlation({.user_id = "user-" + std::to_string(number)});
  for (int wait = 0; wait <= waits; ++wait) {
    log::info("step", {{"request", number}});
    if (wait < waits) runtime::sleep_for(1ms * (1 + (number * 7 + wait) % 5));
  }
}

// Each line carries the ids of its own request, and each request one set of them.
void expect_own_ids(const RecordingSink& sink, std::size_t lines) {
  std::map<std::int64_t, std::set<std::string>> ids;
  std::set<std::string> all;
  for (const std::string& text : sink.lines()) {
    const json::Value line = json::Value::parse(text);
    const std::int64_t request = line["request"].as_integer();
    EXPECT_EQ(line["user_id"].as_string(), "user-" + std::to_string(request));
    ids[request].insert(line["trace_id"].as_string() + line["span_id"].as_string() + line["request_id"].as_string());
    all.insert(line["trace_id"].as_string());
  }
  EXPECT_EQ(sink.lines().size(), lines);
  for (const auto& [request, own] : ids) EXPECT_EQ(own.size(), 1u) << "request " << request;
  EXPECT_EQ(all.size(), ids.size());
}

TEST(Fibers, interleaved_requests_log_their_own_ids) {
  RecordingSink sink;
  Logging logging({.service = "test"}, sink);
  runtime::SimulatedWorld world;
  world.run([&] {
    std::vector<runtime::Task<std::function<void()>>> requests;
    for (int number = 0; number < 50; ++number) {
      requests.emplace_back(std::function<void()>([&logging, number] { serve(logging, number, 5); }));
    }
    for (auto& request : requests) request.join();
  });
  expect_own_ids(sink, 50 * 6);
  EXPECT_EQ(json::Value::parse(sink.lines().at(0))["thread"].as_string(), "loop-0");
}

TEST(Fibers, requests_on_several_loops_log_their_own_ids) {
  RecordingSink sink;
  Logging logging({.service = "test"}, sink);
  const auto world = runtime::World::real({.loops = 2});
  world->run([&] {
    std::vector<runtime::Task<std::function<void()>>> starters;
    for (runtime::Loop* const loop : world->loops()) {
      starters.emplace_back(std::function<void()>([&logging, loop] {
        runtime::run_on(*loop, [&] {
          std::vector<runtime::Task<std::function<void()>>> requests;
          for (int i = 0; i < 20; ++i) {
            const int number = static_cast<int>(loop->index()) * 100 + i;
            requests.emplace_back(std::function<void()>([&logging, number] { serve(logging, number, 3); }));
          }
          for (auto& request : requests) request.join();
        });
      }));
    }
    for (auto& starter : starters) starter.join();
  });
  expect_own_ids(sink, 40 * 4);
}

TEST(Fibers, children_inherit_the_context_and_keep_their_changes_to_themselves) {
  runtime::SimulatedWorld world;
  world.run([] {
    Context context;
    context.begin();
    const ContextScope scope(context);
    auto child = runtime::spawn([&] {
      EXPECT_EQ(current().trace_id, context.trace_id);
      EXPECT_NE(&current(), &context);
      const auto correlation = with_correlation({.operation = "of the child"});
      runtime::sleep_for(2ms);
      EXPECT_EQ(current().operation, "of the child");
    });
    runtime::sleep_for(1ms);
    EXPECT_TRUE(current().operation.empty());
    child.join();
  });
}

TEST(Fibers, an_exception_that_passes_waits_and_scopes_restores_the_context) {
  runtime::SimulatedWorld world;
  world.run([] {
    Context context;
    context.begin();
    const ContextScope scope(context);
    try {
      const auto correlation = with_correlation({.operation = "outer"});
      auto child = runtime::spawn([] {
        const auto inner = with_correlation({.operation = "inner"});
        runtime::sleep_for(1ms);
        throw Error(Code::aborted, "no");
      });
      child.join();
      ADD_FAILURE() << "join() throws";
    } catch (const Error&) {
      EXPECT_TRUE(current().operation.empty());
      EXPECT_EQ(&current(), &context);
    }
  });
}

TEST(Fibers, calls_in_a_blocking_pool_log_with_the_ids_of_their_fiber) {
  RecordingSink sink;
  Logging logging({.service = "test"}, sink);
  runtime::BlockingPool pool({.name = "files", .threads = 2});
  const auto world = runtime::World::real({.loops = 1});
  world->run([&] {
    Context context;
    context.begin();
    context.logging = &logging;
    const ContextScope scope(context);
    pool.run([] { log::info("in the pool"); });
    const json::Value line = json::Value::parse(sink.lines().at(0));
    EXPECT_EQ(line["trace_id"].as_string(), to_string(context.trace_id));
    EXPECT_EQ(line["thread"].as_string(), "files");
  });
}

TEST(Fibers, a_seeded_world_gives_the_same_ids_again) {
  const auto ids = [](std::uint64_t seed) {
    std::string text;
    runtime::SimulatedWorld world({.seed = seed});
    world.run([&] {
      Context context;
      context.begin();
      text = to_string(context.trace_id) + to_string(context.span_id);
    });
    return text;
  };
  EXPECT_EQ(ids(7), ids(7));
  EXPECT_NE(ids(7), ids(8));
}

TEST(Fibers, loops_count_without_a_lock_while_another_thread_reads) {
  Metrics metrics;
  Counter counter = metrics.counter("a_total", "A.");
  Histogram histogram = metrics.histogram("h_seconds", "H.");
  for (int round = 0; round < 2; ++round) {  // the second world's threads take over the cells of the first one's
    const auto world = runtime::World::real({.loops = 2});
    world->run([&] {
      std::vector<runtime::Task<std::function<void()>>> tasks;
      for (runtime::Loop* const loop : world->loops()) {
        tasks.emplace_back(std::function<void()>([&, loop] {
          runtime::run_on(*loop, [&] {
            for (int i = 0; i < 5000; ++i) {
              counter.add();
              histogram.record(1ms);
              if (i % 1000 == 0) {
                static_cast<void>(metrics.prometheus());
                runtime::yield();
              }
            }
          });
        }));
      }
      for (auto& task : tasks) task.join();
    });
  }
  EXPECT_EQ(metrics.value("a_total"), 20'000);
  EXPECT_EQ(metrics.value("h_seconds"), 20'000);
}

}  // namespace
}  // namespace marty::telemetry
