#include "marty/runtime/fiber.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using namespace std::chrono_literals;

TEST(Spawn, returns_the_result_of_the_fiber_when_joined) {
  in_world([] {
    auto answer = spawn([] { return std::string("42"); });
    EXPECT_FALSE(answer.done());
    EXPECT_EQ(answer.join(), "42");
    EXPECT_TRUE(answer.done());
  });
}

TEST(Spawn, runs_the_child_only_when_the_parent_waits_and_in_order_of_spawning) {
  in_world([] {
    std::string order;
    auto first = spawn([&] { order += "a"; });
    auto second = spawn([&] { order += "b"; });
    order += "m";
    second.join();
    first.join();
    EXPECT_EQ(order, "mab");
  });
}

TEST(Spawn, rethrows_the_exception_of_the_child_in_join) {
  in_world([] {
    auto task = spawn([]() -> int { throw std::runtime_error("no price"); });
    try {
      task.join();
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "no price");
    }
  });
}

TEST(Spawn, carries_move_only_values_in_and_out) {
  in_world([] {
    auto task = spawn([value = std::make_unique<int>(7)]() mutable { return std::move(value); });
    EXPECT_EQ(*task.join(), 7);
  });
}

TEST(Task, cancels_and_awaits_its_fiber_when_destroyed_unjoined) {
  in_world([] {
    bool cleaned_up = false;
    {
      auto task = spawn([&] {
        struct CleanUp {
          bool& flag;
          ~CleanUp() { flag = true; }
        } clean_up{cleaned_up};
        sleep_for(1h);
      });
      yield();
    }
    EXPECT_TRUE(cleaned_up);
  });
}

TEST(Cancel, throws_from_the_current_wait_and_from_each_later_one) {
  in_world([] {
    std::vector<std::optional<Code>> thrown;
    auto task = spawn([&] {
      thrown.push_back(code_thrown_by([] { sleep_for(1h); }));
      thrown.push_back(code_thrown_by([] { sleep_for(1h); }));
      thrown.push_back(code_thrown_by([] { throw_if_cancelled(); }));
      EXPECT_TRUE(cancelled());
    });
    yield();
    task.cancel();
    task.join();
    EXPECT_EQ(thrown, (std::vector<std::optional<Code>>(3, Code::cancelled)));
  });
}

TEST(Cancel, reaches_the_children_of_the_fiber) {
  in_world([] {
    std::optional<Code> grandchild;
    auto task = spawn([&] {
      auto child = spawn([&] {
        auto inner = spawn([&] { grandchild = code_thrown_by([] { sleep_for(1h); }); });
        const ShieldScope shield;
        inner.join();
      });
      const ShieldScope shield;
      child.join();
    });
    for (int i = 0; i < 5; ++i) yield();
    task.cancel();
    task.join();
    EXPECT_EQ(grandchild, Code::cancelled);
  });
}

TEST(Cancel, of_a_fiber_that_never_ran_still_runs_it_up_to_its_first_wait) {
  in_world([] {
    bool started = false;
    auto task = spawn([&] {
      started = true;
      sleep_for(1h);
    });
    task.cancel();
    EXPECT_EQ(code_thrown_by([&] { task.join(); }), Code::cancelled);
    EXPECT_TRUE(started);
  });
}

TEST(Shield, lets_clean_up_wait_in_a_cancelled_fiber) {
  in_world([] {
    bool rolled_back = false;
    auto task = spawn([&] {
      EXPECT_EQ(code_thrown_by([] { sleep_for(1h); }), Code::cancelled);
      {
        const ShieldScope shield;
        EXPECT_FALSE(cancelled());
        sleep_for(1ms);
        rolled_back = true;
      }
      EXPECT_TRUE(cancelled());
    });
    yield();
    task.cancel();
    task.join();
    EXPECT_TRUE(rolled_back);
  });
}

TEST(Shield, also_shields_the_children_that_start_under_it) {
  in_world([] {
    bool rolled_back = false;
    auto task = spawn([&] {
      const ShieldScope shield;
      spawn([&] {
        sleep_for(1ms);
        rolled_back = true;
      }).join();
    });
    yield();
    task.cancel();
    EXPECT_EQ(code_thrown_by([&] { task.join(); }), std::nullopt);
    EXPECT_TRUE(rolled_back);
  });
}

TEST(Deadline, ends_a_wait_with_deadline_exceeded) {
  in_world([] {
    const TimePoint start = now();
    const DeadlineScope scope(2ms);
    EXPECT_EQ(code_thrown_by([] { sleep_for(1h); }), Code::deadline_exceeded);
    EXPECT_GE(now() - start, 2ms);
    EXPECT_EQ(code_thrown_by([] { throw_if_cancelled(); }), Code::deadline_exceeded);
  });
}

TEST(Deadline, of_an_inner_scope_never_raises_the_outer_one) {
  in_world([] {
    EXPECT_EQ(deadline(), kNever);
    const DeadlineScope outer(1h);
    const TimePoint outer_deadline = deadline();
    {
      const DeadlineScope inner(2h);
      EXPECT_EQ(deadline(), outer_deadline);
      const DeadlineScope innermost(1min);
      EXPECT_LT(deadline(), outer_deadline);
    }
    EXPECT_EQ(deadline(), outer_deadline);
  });
}

TEST(Deadline, is_inherited_by_children) {
  in_world([] {
    const DeadlineScope scope(2ms);
    auto child = spawn([] {
      auto grandchild = spawn([] { sleep_for(1h); });
      grandchild.join();
    });
    const ShieldScope shield;
    EXPECT_EQ(code_thrown_by([&] { child.join(); }), Code::deadline_exceeded);
  });
}

TEST(Sleep, wakes_in_order_of_time_not_of_call) {
  SimulatedWorld().run([] {
    std::string order;
    auto late = spawn([&] { sleep_for(3h), order += "c"; });
    auto early = spawn([&] { sleep_for(1h), order += "a"; });
    auto middle = spawn([&] { sleep_for(2h), order += "b"; });
    late.join();
    EXPECT_EQ(order, "abc");
  });
}

TEST(Cancellation, a_fiber_that_ignores_it_leaves_the_loop_to_others) {
  in_world([] {
    bool enough = false;
    auto stubborn = spawn([&] {
      while (!enough) {
        try {
          sleep_for(1h);
        } catch (const Error&) {  // each wait throws at once from now on
        }
      }
    });
    yield();
    stubborn.cancel();
    sleep_for(1ms);
    enough = true;
    stubborn.join();
  });
}

class CountedAmbient final : public Ambient {
 public:
  Ambient* share() override { return ++references, this; }
  void release() noexcept override { --references; }
  int references = 0;
};

TEST(AmbientObject, rides_along_with_children_and_is_released_with_them) {
  in_world([] {
    CountedAmbient context;
    Ambient* before = exchange_ambient(&context);
    EXPECT_EQ(before, nullptr);
    auto child = spawn([&] {
      EXPECT_EQ(ambient(), &context);
      EXPECT_EQ(context.references, 1);
      exchange_ambient(nullptr);
    });
    child.join();
    EXPECT_EQ(context.references, 0);
    EXPECT_EQ(ambient(), &context);
    exchange_ambient(before);
  });
}

// The C++ run-time keeps the exceptions being handled per thread: without care a fiber that waits inside catch rethrows
// another fiber's exception.
TEST(Exceptions, stay_with_their_fiber_when_it_waits_inside_catch) {
  in_world([] {
    constexpr int kFibers = 1000;
    int right = 0;
    const auto fiber = [&](int number) {
      return [&right, number] {
        try {
          throw number;
        } catch (int) {
          for (int i = 0; i < 3 + number % 5; ++i) yield();
          try {
            throw;
          } catch (int again) {
            if (again == number) ++right;
          }
        }
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      };
    };
    std::vector<decltype(spawn(fiber(0)))> tasks;
    for (int i = 0; i < kFibers; ++i) tasks.push_back(spawn(fiber(i)));
    for (auto& task : tasks) task.join();
    EXPECT_EQ(right, kFibers);
  });
}

}  // namespace
}  // namespace marty::runtime
