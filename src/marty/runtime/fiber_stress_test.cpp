// Many fibers, deep stacks, and the deaths that must not be silent.
#include <gtest/gtest.h>

#include <cfenv>
#include <memory>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/sanitizer.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using internal::in_world;
using namespace std::chrono_literals;

constexpr bool kSanitized = internal::kAddressSanitizer || internal::kThreadSanitizer;

TEST(Fibers, one_hundred_thousand_are_alive_at_once) {
  static constexpr std::size_t kFibers = internal::kThreadSanitizer    ? 2'000
                                         : internal::kAddressSanitizer ? 10'000
                                                                       : 100'000;
  in_world([] {
    Event go;
    std::size_t ended = 0;
    const auto body = [&] {
      go.wait();
      ++ended;
    };
    std::vector<decltype(spawn(body))> tasks;
    tasks.reserve(kFibers);
    for (std::size_t i = 0; i < kFibers; ++i) tasks.push_back(spawn(body));
    EXPECT_EQ(Loop::current().stats().fibers, kFibers + 1);
    yield();
    EXPECT_EQ(ended, 0u);
    go.set();
    for (auto& task : tasks) task.join();
    EXPECT_EQ(ended, kFibers);
  });
}

TEST(Fibers, keep_their_rounding_mode_across_waits) {
  in_world([] {
    auto upward = spawn([] {
      std::fesetround(FE_UPWARD);
      yield();
      const int mode = std::fegetround();
      std::fesetround(FE_TONEAREST);
      return mode;
    });
    auto nearest = spawn([] {
      const int mode = std::fegetround();
      yield();
      return mode == std::fegetround() ? mode : -1;
    });
    EXPECT_EQ(upward.join(), FE_UPWARD);
    EXPECT_EQ(nearest.join(), FE_TONEAREST);
  });
}

TEST(Fibers, cancel_a_thousand_generations) {
  in_world([] {
    int cancelled_fibers = 0;
    std::function<void(int)> generation = [&](int left) {
      try {
        if (left == 0) sleep_for(1h);
        spawn([&, left] { generation(left - 1); }).join();
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) ++cancelled_fibers;
        throw;
      }
    };
    auto first = spawn([&] { generation(999); });
    for (int i = 0; i < 1100; ++i) yield();
    first.cancel();
    EXPECT_THROW(first.join(), Error);
    EXPECT_EQ(cancelled_fibers, 1000);
  });
}

// Not tail-recursive, and with a frame that the optimiser keeps.
int recurse(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

TEST(FiberDeathTest, stack_overflow_names_the_fiber_and_what_to_do) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(in_world([] { spawn([] { return recurse(1'000'000); }, "greedy").join(); },
                        {.loops = 1, .stack_bytes = 128 * 1024}),
               "stack overflow in fiber greedy: its stack is 128 KiB; raise server.fiber_stack or use less stack");
}

TEST(FiberDeathTest, an_exception_that_leaves_a_detached_job_names_the_fiber_and_the_error) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  class Thrower final : public FiberJob {
   public:
    void run() override { throw Error(Code::data_loss, "half an order"); }
  };
  EXPECT_DEATH(in_world([] {
                 Thrower job;
                 Loop::current().launch(job);
                 yield();
               }),
               "an exception left fiber .*where nobody could catch it: data_loss: half an order");
}

TEST(Fibers, stacks_of_finished_fibers_are_reused_and_surplus_is_given_back) {
  if (kSanitized) GTEST_SKIP() << "sanitizers keep memory of their own";
  in_world([] {
    const auto use_stack = [] {
      volatile char frame[200 * 1024];
      for (std::size_t i = 0; i < sizeof frame; i += 4096) frame[i] = 1;
    };
    const auto resident_bytes = [] {
      std::size_t pages = 0;
      std::size_t resident = 0;
      std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen("/proc/self/statm", "r"), &std::fclose);
      EXPECT_EQ(std::fscanf(file.get(), "%zu %zu", &pages, &resident), 2);
      return resident * 4096;
    };
    const std::size_t before = resident_bytes();
    constexpr int kFibers = 2'000;  // 400 MB of stack at once
    std::vector<decltype(spawn(use_stack))> tasks;
    for (int i = 0; i < kFibers; ++i) tasks.push_back(spawn(use_stack));
    for (auto& task : tasks) task.join();
    EXPECT_LT(resident_bytes(), before + (100u << 20));
  });
}

}  // namespace
}  // namespace marty::runtime
