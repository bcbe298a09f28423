#include "marty/runtime/world.hpp"

#include <dirent.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/sanitizer.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using namespace std::chrono_literals;

// Runs a function as a job and deletes itself.
class LambdaJob final : public FiberJob {
 public:
  explicit LambdaJob(std::function<void()> function) : function_(std::move(function)) {}
  void run() override { function_(); }
  void finished() noexcept override { delete this; }

 private:
  std::function<void()> function_;
};

void launch(std::function<void()> function) { Loop::current().launch(*new LambdaJob(std::move(function))); }

TEST(World, has_the_loops_asked_for_each_on_its_own_thread) {
  in_world(
      [] {
        std::vector<std::thread::id> threads;
        for (Loop* loop : World::current().loops()) {
          run_on(*loop, [&] {
            EXPECT_EQ(&Loop::current(), loop);
            EXPECT_EQ(loop->index(), threads.size());
            threads.push_back(std::this_thread::get_id());
          });
        }
        ASSERT_EQ(threads.size(), 3u);
        EXPECT_EQ(std::set<std::thread::id>(threads.begin(), threads.end()).size(), 3u);
      },
      {.loops = 3});
}

TEST(World, refuses_options_that_cannot_work) {
  EXPECT_EQ(code_thrown_by([] { World::real({.loops = -1}); }), Code::invalid_argument);
  EXPECT_EQ(code_thrown_by([] { World::real({.stack_bytes = 1024}); }), Code::invalid_argument);
}

TEST(World, rethrows_what_main_threw) {
  EXPECT_THROW(in_world([] { throw std::out_of_range("main"); }), std::out_of_range);
}

TEST(World, runs_again_and_again_and_cancels_what_is_left) {
  const auto world = World::real({.loops = 2});
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> cancelled_fibers = 0;
    const auto sleeper = [&] { cancelled_fibers += code_thrown_by([] { sleep_for(1h); }) == Code::cancelled ? 1 : 0; };
    world->run([&] {
      launch(sleeper);
      run_on(*World::current().loops()[1], [&] { launch(sleeper); });
      yield();
    });
    EXPECT_EQ(cancelled_fibers, 2);
  }
}

// The end of one fiber may start the next, on another loop, for as long as it likes: none may be left behind.
TEST(World, awaits_fibers_that_ending_fibers_start_on_other_loops) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> ended = 0;
    std::function<void(int)> chain = [&](int length) {
      code_thrown_by([] { sleep_for(1h); });
      ++ended;
      if (length == 0) return;
      Loop& other = *World::current().loops()[1 - Loop::current().index()];
      other.post([&chain, length] { launch([&chain, length] { chain(length - 1); }); });
    };
    in_world([&] { launch([&] { chain(10); }); }, {.loops = 2});
    EXPECT_EQ(ended, 11);
  }
}

TEST(World, leaks_no_memory_descriptor_or_thread_over_a_thousand_lives) {
  const auto count_entries = [](const char* folder) {
    DIR* directory = opendir(folder);
    int entries = 0;
    while (readdir(directory) != nullptr) ++entries;
    closedir(directory);
    return entries;
  };
  const auto live = [] {
    in_world(
        [] {
          Listener listener = listen(Address::parse("127.0.0.1:0"));
          auto client = spawn([&] { return connect(listener.local_address()); });
          Socket server = listener.accept();
          run_on(*World::current().loops()[1], [] {});
        },
        {.loops = 2});
  };
  live();
  const int descriptors = count_entries("/proc/self/fd");
  const int threads = count_entries("/proc/self/task");
  const std::size_t bytes = mallinfo2().uordblks;
  const int lives = internal::kAddressSanitizer || internal::kThreadSanitizer ? 100 : 1000;
  for (int i = 0; i < lives; ++i) live();
  EXPECT_EQ(count_entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(count_entries("/proc/self/task"), threads);
  EXPECT_LT(mallinfo2().uordblks, bytes + 64 * 1024);
}

TEST(Post, keeps_the_order_of_each_sender) {
  in_world([] {
    constexpr int kSenders = 3;
    constexpr int kMessages = 5000;
    Loop& loop = Loop::current();
    std::vector<int> last(kSenders, -1);
    int disorder = 0;
    Semaphore arrived(0);
    std::vector<std::thread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, sender] {
        for (int i = 0; i < kMessages; ++i) {
          loop.post([&, sender, i] {
            auto& before = last[static_cast<std::size_t>(sender)];
            if (i != before + 1) ++disorder;
            before = i;
            arrived.release();
          });
        }
      });
    }
    for (int i = 0; i < kSenders * kMessages; ++i) arrived.acquire();
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(disorder, 0);
  });
}

TEST(Post, before_the_world_runs_is_delivered_once_it_does) {
  const auto world = World::real({.loops = 1});
  bool delivered = false;
  world->loops()[0]->post([&] { delivered = true; });
  EXPECT_FALSE(delivered);
  world->run([] { yield(); });
  EXPECT_TRUE(delivered);
}

TEST(RunOn, brings_exceptions_back_and_inherits_the_deadline) {
  in_world(
      [] {
        Loop& other = *World::current().loops()[1];
        EXPECT_EQ(code_thrown_by([&] { run_on(other, [] { throw Error(Code::data_loss, "there"); }); }),
                  Code::data_loss);
        const DeadlineScope scope(1h);
        TimePoint there{};
        run_on(other, [&] { there = deadline(); });
        EXPECT_EQ(there, deadline());
      },
      {.loops = 2});
}

TEST(RunOn, takes_the_shield_along) {
  in_world(
      [] {
        const DeadlineScope passed(0ms);
        const ShieldScope shield;
        std::optional<Code> there;
        run_on(*World::current().loops()[1], [&] { there = code_thrown_by([] { sleep_for(1ms); }); });
        EXPECT_EQ(there, std::nullopt);
      },
      {.loops = 2});
}

TEST(RunOn, cancels_the_other_fiber_and_awaits_its_end) {
  in_world(
      [] {
        std::optional<Code> there;
        auto task = spawn(
            [&] { run_on(*World::current().loops()[1], [&] { there = code_thrown_by([] { sleep_for(1h); }); }); });
        sleep_for(1ms);
        task.cancel();
        EXPECT_EQ(code_thrown_by([&] { task.join(); }), Code::cancelled);
        EXPECT_EQ(there, Code::cancelled);
      },
      {.loops = 2});
}

TEST(Launch, lets_the_owner_of_a_job_cancel_its_fiber) {
  in_world([] {
    Fiber* fiber = nullptr;
    std::optional<Code> thrown;
    launch([&] {
      fiber = &current_fiber();
      thrown = code_thrown_by([] { sleep_for(1h); });
    });
    yield();
    ASSERT_NE(fiber, nullptr);
    cancel(*fiber);
    yield();
    EXPECT_EQ(thrown, Code::cancelled);
  });
}

TEST(LoopStats, show_fibers_and_the_deepest_stack) {
  in_world([] {
    const LoopStats before = Loop::current().stats();
    EXPECT_EQ(before.fibers, 1u);
    auto deep = spawn([] {
      volatile char frame[100'000];
      for (std::size_t i = 0; i < sizeof frame; i += 1024) frame[i] = 1;
    });
    deep.join();
    const LoopStats after = Loop::current().stats();
    EXPECT_EQ(after.fibers_started, before.fibers_started + 1);
    EXPECT_GT(after.stack_high_water_bytes, 100'000u);
    EXPECT_LT(before.stack_high_water_bytes, 100'000u);
  });
}

TEST(LoopStats, look_at_as_many_stacks_as_they_may) {
  in_world([] {
    EXPECT_EQ(Loop::current().stats(0).stack_high_water_bytes, 0u);
    EXPECT_GT(Loop::current().stats(1).stack_high_water_bytes, 0u);
  });
}

TEST(LoopStats, take_no_system_call_in_the_simulated_world) {
  SimulatedWorld().run([] {
    const LoopStats stats = Loop::current().stats();
    EXPECT_EQ(stats.fibers, 1u);
    EXPECT_EQ(stats.stack_high_water_bytes, 0u) << "mincore(2)";
    EXPECT_EQ(stats.processor_time, Duration::zero()) << "clock_gettime(2)";
  });
}

TEST(LoopStats, show_the_processor_time_of_the_loops_thread) {
  in_world([] {
    const Duration before = Loop::current().stats(0).processor_time;
    EXPECT_GT(before, Duration::zero());
    volatile double number = 1;
    while (Loop::current().stats(0).processor_time < before + std::chrono::milliseconds(5)) number = number * 1.5;
  });
}

TEST(Signals, wake_the_fiber_that_waits_and_are_restored_afterwards) {
  struct sigaction before {};
  sigaction(SIGUSR1, nullptr, &before);
  in_world(
      [] {
        run_on(*World::current().loops()[1], [] {
          auto raiser = spawn([] {
            raise(SIGUSR2);
            raise(SIGUSR1);
          });
          const int both[] = {SIGUSR1, SIGUSR2};
          const int first = wait_for_signal(both);
          const int second = wait_for_signal(both);
          EXPECT_EQ(first + second, SIGUSR1 + SIGUSR2);
          raiser.join();
        });
      },
      {.loops = 2});
  struct sigaction after {};
  sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(Signals, reach_every_fiber_that_waits_for_them) {
  in_world([] {
    const int signals[] = {SIGUSR1};
    auto first = spawn([&] { return wait_for_signal(signals); });
    auto second = spawn([&] { return wait_for_signal(signals); });
    yield();
    raise(SIGUSR1);
    EXPECT_EQ(first.join(), SIGUSR1);
    EXPECT_EQ(second.join(), SIGUSR1);
  });
}

TEST(Signals, that_come_while_nobody_waits_are_for_the_next) {
  in_world([] {
    const int signals[] = {SIGUSR1};
    auto first = spawn([&] { return wait_for_signal(signals); });
    yield();
    raise(SIGUSR1);
    first.join();
    raise(SIGUSR1);
    sleep_for(1ms);
    EXPECT_EQ(wait_for_signal(signals), SIGUSR1);
    const DeadlineScope scope(1ms);
    EXPECT_EQ(code_thrown_by([&] { wait_for_signal(signals); }), Code::deadline_exceeded);
  });
}

TEST(Signals, waiting_obeys_the_deadline_and_refuses_what_cannot_be_caught) {
  in_world([] {
    const int signals[] = {SIGUSR1};
    {
      const DeadlineScope scope(1ms);
      EXPECT_EQ(code_thrown_by([&] { wait_for_signal(signals); }), Code::deadline_exceeded);
    }
    for (const int impossible : {SIGKILL, 0, 1000}) {
      EXPECT_EQ(code_thrown_by([&] { wait_for_signal(std::span(&impossible, 1)); }), Code::invalid_argument);
    }
  });
}

// What a detector reported, read from any thread.
class Reports {
 public:
  std::function<void(std::string_view)> collector() {
    return [this](std::string_view report) {
      const std::lock_guard lock(guard_);
      reports_.emplace_back(report);
    };
  }
  std::vector<std::string> about(std::string_view subject) const {
    const std::lock_guard lock(guard_);
    std::vector<std::string> found;
    for (const std::string& report : reports_) {
      if (report.contains(subject)) found.push_back(report);
    }
    return found;
  }

 private:
  mutable std::mutex guard_;
  std::vector<std::string> reports_;
};

TEST(StallDetector, reports_a_fiber_that_holds_its_loop_once_with_its_stack) {
  Reports reports;
  const auto hold_loop = [&] {
    while (reports.about("slow handler").empty()) {
    }
    for (const TimePoint reported = now(); now() - reported < 15ms;) {
    }
  };
  in_world([&] { spawn(hold_loop, "slow handler").join(); },
           {.loops = 1, .stall_threshold = 5ms, .on_stall = reports.collector()});
  const auto found = reports.about("slow handler");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], testing::HasSubstr("loop 0 is held for"));
  EXPECT_THAT(found[0], testing::HasSubstr("by fiber slow handler"));
  EXPECT_THAT(found[0], testing::HasSubstr("\n  #0 "));
  EXPECT_THAT(found[0], testing::HasSubstr("reports_a_fiber_that_holds_its_loop_once_with_its_stack"))
      << "a name of this file";
}

// Runs `function` with no more than `left_bytes` of the fiber's stack left.
[[gnu::noinline]] void run_deep(std::size_t left_bytes, const std::function<void()>& function) {
  volatile char frame[512];
  frame[0] = 1;
  const char* const base = internal::Scheduler::current().current_fiber()->stack.base;
  if (static_cast<std::size_t>(const_cast<const char*>(frame) - base) <= left_bytes) return function();
  run_deep(left_bytes, function);
  frame[1] = 1;  // no tail call
}

TEST(StallDetector, needs_nothing_of_the_fibers_stack) {
  if (internal::kAddressSanitizer || internal::kThreadSanitizer) GTEST_SKIP() << "sanitizers need more stack";
  std::atomic<bool> reported{false};
  const auto hold_loop = [&] {
    while (!reported) {
    }
  };
  in_world([&] { spawn([&] { run_deep(2048, hold_loop); }, "deep").join(); },
           {.loops = 1, .stack_bytes = 32 * 1024, .stall_threshold = 5ms, .on_stall = [&](std::string_view report) {
              reported = reported || report.contains("deep");
            }});
  EXPECT_TRUE(reported);
}

TEST(StallDetector, is_silent_about_a_loop_that_only_waits) {
  Reports reports;
  in_world([] { sleep_for(20ms); }, {.loops = 2, .stall_threshold = 4ms, .on_stall = reports.collector()});
  EXPECT_TRUE(reports.about("loop 1").empty());
}

}  // namespace
}  // namespace marty::runtime
