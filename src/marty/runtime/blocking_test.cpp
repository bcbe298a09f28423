#include "marty/runtime/blocking.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using namespace std::chrono_literals;

// Holds a thread of a pool until it is opened.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void pass() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

TEST(BlockingPool, runs_on_a_thread_of_its_own_while_the_loop_goes_on) {
  in_world([] {
    BlockingPool pool({.name = "test", .threads = 1});
    Gate gate;
    std::thread::id worker;
    auto call = spawn([&] {
      return pool.run([&] {
        gate.pass();
        worker = std::this_thread::get_id();
        return std::string("done");
      });
    });
    for (int i = 0; i < 3; ++i) yield();
    EXPECT_FALSE(call.done());
    gate.open();
    EXPECT_EQ(call.join(), "done");
    EXPECT_NE(worker, std::this_thread::get_id());
  });
}

TEST(BlockingPool, refuses_to_have_no_thread) {
  EXPECT_EQ(code_thrown_by([] { BlockingPool({.threads = 0}); }), Code::invalid_argument);
}

TEST(BlockingPool, rethrows_what_the_call_threw) {
  in_world([] {
    BlockingPool pool;
    EXPECT_THROW(pool.run([] { throw std::runtime_error("disk"); }), std::runtime_error);
    EXPECT_EQ(pool.run([] { return 7; }), 7);
  });
}

TEST(BlockingPool, refuses_a_call_beyond_its_queue_and_works_on) {
  in_world([] {
    BlockingPool pool({.name = "tiny", .threads = 2, .queue = 1});
    Gate gate;
    const auto call = [&] { pool.run([&] { gate.pass(); }); };
    std::vector<decltype(spawn(call))> calls;
    for (int i = 0; i < 3; ++i) calls.push_back(spawn(call));  // two run, one waits
    for (int i = 0; i < 3; ++i) yield();
    EXPECT_EQ(code_thrown_by(call), Code::resource_exhausted);
    gate.open();
    for (auto& each : calls) each.join();
    EXPECT_EQ(pool.run([] { return 1; }), 1);
  });
}

TEST(BlockingPool, finishes_the_call_of_a_cancelled_fiber) {
  in_world([] {
    BlockingPool pool({.name = "test", .threads = 1});
    Gate gate;
    int result = 0;
    auto call = spawn([&] { result = pool.run([&] { return gate.pass(), 42; }); });
    yield();
    call.cancel();
    yield();
    EXPECT_FALSE(call.done());  // the call still refers to its fiber's stack
    gate.open();
    call.join();
    EXPECT_EQ(result, 42);
  });
}

TEST(BlockingPool, serves_several_loops) {
  in_world(
      [] {
        BlockingPool pool({.name = "shared", .threads = 3});
        std::atomic<int> calls = 0;
        const auto use = [&] {
          for (int i = 0; i < 300; ++i) calls += pool.run([] { return 1; });
        };
        auto there = spawn([&] { run_on(*World::current().loops()[1], use); });
        use();
        there.join();
        EXPECT_EQ(calls, 600);
      },
      {.loops = 2});
}

TEST(BlockingPool, runs_inline_on_a_plain_thread) {
  BlockingPool pool;
  EXPECT_EQ(pool.run([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
}

class Marker final : public Ambient {
 public:
  Ambient* share() override { return this; }
  void release() noexcept override {}
};

TEST(BlockingPool, shows_the_call_the_ambient_context_and_world_of_its_fiber) {
  in_world([] {
    BlockingPool pool;
    Marker marker;
    Ambient* before = exchange_ambient(&marker);
    EXPECT_EQ(pool.run([] { return ambient(); }), &marker);
    EXPECT_EQ(pool.run([] { return &World::current(); }), &World::current());
    EXPECT_FALSE(pool.run([] { return on_fiber(); }));
    exchange_ambient(before);
  });
}

BlockingPoolStats stats_of(std::string_view name) {
  for (const BlockingPoolStats& stats : blocking_pool_stats()) {
    if (stats.name == name) return stats;
  }
  return {};
}

TEST(BlockingPoolStats, show_what_the_pools_of_a_name_do_together) {
  in_world([] {
    Gate gate;
    {
      BlockingPool one({.name = "stats", .threads = 1, .queue = 1});
      BlockingPool other({.name = "stats", .threads = 1, .queue = 1});
      auto first = spawn([&] { one.run([&] { gate.pass(); }); });
      auto second = spawn([&] { other.run([&] { gate.pass(); }); });
      while (stats_of("stats").busy < 2) yield();
      auto third = spawn([&] { one.run([] {}); });
      yield();
      EXPECT_EQ(code_thrown_by([&] { one.run([] {}); }), Code::resource_exhausted);
      const BlockingPoolStats now = stats_of("stats");
      EXPECT_EQ(now.threads, 2u);
      EXPECT_EQ(now.queued, 1u);
      EXPECT_EQ(now.calls, 3u);
      EXPECT_EQ(now.rejected, 1u);
      gate.open();
      first.join();
      second.join();
      third.join();
    }
    const BlockingPoolStats after = stats_of("stats");
    EXPECT_EQ(after.threads, 0u);
    EXPECT_EQ(after.calls, 3u) << "a counter never goes down";
    EXPECT_EQ(after.rejected, 1u);
  });
}

}  // namespace
}  // namespace marty::runtime
