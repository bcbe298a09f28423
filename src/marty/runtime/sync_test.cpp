#include "marty/runtime/sync.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using internal::message_thrown_by;
using namespace std::chrono_literals;

void in_two_loops(const std::function<void()>& test) { in_world(test, {.loops = 2}); }

// Runs `function` on a fiber of the second loop, beside the caller.
auto spawn_on_other_loop(std::function<void()> function) {
  return spawn([function = std::move(function)] { run_on(*World::current().loops()[1], function); });
}

TEST(Mutex, hands_over_in_order_of_arrival) {
  in_world([] {
    Mutex mutex;
    std::string order;
    mutex.lock();
    EXPECT_FALSE(mutex.try_lock());
    const auto waiter = [&](char name) {
      return [&, name] {
        const std::lock_guard lock(mutex);
        order += name;
        yield();
      };
    };
    auto first = spawn(waiter('a'));
    auto second = spawn(waiter('b'));
    auto third = spawn(waiter('c'));
    yield();
    mutex.unlock();
    third.join();
    EXPECT_EQ(order, "abc");
  });
}

TEST(Mutex, excludes_fibers_of_two_loops) {
  in_two_loops([] {
    constexpr int kRounds = 2000;
    Mutex mutex;
    int counter = 0;  // not atomic on purpose
    const auto count = [&] {
      for (int i = 0; i < kRounds; ++i) {
        const std::lock_guard lock(mutex);
        const int before = counter;
        if (i % 16 == 0) yield();
        counter = before + 1;
      }
    };
    auto other = spawn_on_other_loop(count);
    auto here = spawn(count);
    count();
    here.join();
    other.join();
    EXPECT_EQ(counter, 3 * kRounds);
  });
}

TEST(Mutex, is_not_owned_by_a_waiter_that_was_interrupted) {
  in_world([] {
    Mutex mutex;
    mutex.lock();
    {
      const DeadlineScope scope(1ms);
      EXPECT_EQ(code_thrown_by([&] { mutex.lock(); }), Code::deadline_exceeded);
    }
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock());
  });
}

TEST(ConditionVariable, wakes_waiters_of_both_loops) {
  in_two_loops([] {
    Mutex mutex;
    ConditionVariable changed;
    int stage = 0;
    const auto wait_for_start = [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stage == 1; });
    };
    auto here = spawn(wait_for_start);
    auto there = spawn_on_other_loop(wait_for_start);
    sleep_for(1ms);
    {
      const std::lock_guard lock(mutex);
      stage = 1;
    }
    changed.notify_all();
    here.join();
    there.join();
  });
}

TEST(ConditionVariable, holds_the_lock_again_when_the_wait_is_interrupted) {
  in_world([] {
    Mutex mutex;
    ConditionVariable never;
    std::unique_lock lock(mutex);
    const DeadlineScope scope(1ms);
    EXPECT_EQ(code_thrown_by([&] { never.wait(lock); }), Code::deadline_exceeded);
    EXPECT_TRUE(lock.owns_lock());
    EXPECT_FALSE(mutex.try_lock());
  });
}

TEST(Semaphore, lets_no_more_than_its_permits_in) {
  in_two_loops([] {
    Semaphore permits(3);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    const auto work = [&] {
      for (int i = 0; i < 200; ++i) {
        permits.acquire();
        const int now_inside = ++inside;
        for (int seen = most; seen < now_inside && !most.compare_exchange_weak(seen, now_inside);) {
        }
        yield();
        --inside;
        permits.release();
      }
    };
    std::vector<decltype(spawn(work))> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(spawn(work));
    auto there = spawn_on_other_loop(work);
    for (auto& task : tasks) task.join();
    there.join();
    EXPECT_EQ(most, 3);
    EXPECT_EQ(permits.available(), 3u);
  });
}

TEST(Semaphore, loses_no_permit_when_a_waiter_is_cancelled_while_it_is_woken) {
  in_two_loops([] {
    Semaphore permits(0);
    for (int round = 0; round < 200; ++round) {
      bool acquired = false;
      auto waiter = spawn([&] {
        permits.acquire();
        acquired = true;
      });
      yield();
      run_on(*World::current().loops()[1], [&] { permits.release(); });
      waiter.cancel();
      const auto thrown = code_thrown_by([&] { waiter.join(); });
      ASSERT_NE(acquired, thrown == Code::cancelled);
      ASSERT_EQ(permits.available(), acquired ? 0u : 1u);
      if (!acquired) permits.acquire();
    }
  });
}

TEST(Event, once_set_lets_everybody_through) {
  in_two_loops([] {
    Event event;
    auto here = spawn([&] { event.wait(); });
    auto there = spawn_on_other_loop([&] { event.wait(); });
    yield();
    EXPECT_FALSE(event.is_set());
    event.set();
    event.wait();
    here.join();
    there.join();
  });
}

TEST(Event, says_what_an_interrupted_wait_was_for) {
  in_world([] {
    Event event;
    const DeadlineScope scope(1ms);
    EXPECT_EQ(message_thrown_by([&] { event.wait("waiting for the stock list"); }),
              "the deadline passed while waiting for the stock list");
  });
}

TEST(Channel, makes_the_sender_wait_while_it_is_full) {
  in_world([] {
    Channel<int> channel(2);
    int sent = 0;
    auto sender = spawn([&] {
      for (; sent < 5; ++sent) channel.send(sent);
      channel.close();
    });
    for (int i = 0; i < 5; ++i) yield();
    EXPECT_EQ(sent, 2);
    EXPECT_FALSE(channel.try_send(99));
    std::vector<int> received;
    while (const auto value = channel.receive()) received.push_back(*value);
    EXPECT_EQ(received, (std::vector<int>{0, 1, 2, 3, 4}));
    sender.join();
  });
}

TEST(Channel, closed_refuses_values_and_gives_what_it_holds) {
  in_world([] {
    Channel<std::string> channel(4);
    EXPECT_TRUE(channel.send("last"));
    channel.close();
    EXPECT_FALSE(channel.send("late"));
    EXPECT_EQ(channel.receive(), "last");
    EXPECT_EQ(channel.receive(), std::nullopt);
    EXPECT_EQ(channel.try_receive(), std::nullopt);
  });
}

TEST(Channel, keeps_the_order_between_two_loops) {
  in_two_loops([] {
    constexpr int kValues = 5000;
    Channel<int> channel(16);
    auto sender = spawn_on_other_loop([&] {
      for (int i = 0; i < kValues; ++i) channel.send(i);
      channel.close();
    });
    int expected = 0;
    while (const auto value = channel.receive()) ASSERT_EQ(*value, expected++);
    EXPECT_EQ(expected, kValues);
    sender.join();
  });
}

TEST(Channel, receive_obeys_deadline_and_cancellation) {
  in_world([] {
    Channel<int> channel(1);
    {
      const DeadlineScope scope(1ms);
      EXPECT_EQ(code_thrown_by([&] { channel.receive(); }), Code::deadline_exceeded);
    }
    auto receiver = spawn([&] { channel.receive(); });
    yield();
    receiver.cancel();
    EXPECT_EQ(code_thrown_by([&] { receiver.join(); }), Code::cancelled);
  });
}

}  // namespace
}  // namespace marty::runtime
