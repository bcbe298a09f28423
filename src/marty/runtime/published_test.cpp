#include "marty/runtime/published.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime {
namespace {

using internal::in_world;

// Counts those that live; every element holds the same number, so that a mixture shows.
struct Numbers {
  explicit Numbers(int number) { all.fill(number), ++alive; }
  ~Numbers() { all.fill(-1), --alive; }
  std::array<int, 64> all;
  static inline std::atomic<int> alive = 0;
};

TEST(Published, gives_what_was_published_last) {
  in_world([] {
    Published<Numbers> numbers(std::make_unique<Numbers>(1));
    EXPECT_EQ(numbers.current().all[0], 1);
    EXPECT_EQ(numbers.number(), 1U);
    numbers.publish(std::make_unique<Numbers>(2));
    EXPECT_EQ(numbers.current().all[0], 2);
    EXPECT_EQ(numbers.number(), 2U);
    EXPECT_EQ(Numbers::alive, 1);
  });
  EXPECT_EQ(Numbers::alive, 0);
}

TEST(Published, keeps_what_is_pinned_and_no_longer) {
  in_world([] {
    Published<Numbers> numbers(std::make_unique<Numbers>(1));
    std::optional<Pin> pin = numbers.pin();
    numbers.publish(std::make_unique<Numbers>(2));
    numbers.publish(std::make_unique<Numbers>(3));
    EXPECT_EQ(numbers.value(*pin).all[0], 1);
    EXPECT_EQ(pin->number(), 1U);
    EXPECT_EQ(numbers.value(Pin()).all[0], 3);
    EXPECT_EQ(Numbers::alive, 2);
    Pin copy = *pin;
    pin.reset();
    EXPECT_EQ(numbers.value(copy).all[0], 1);
    copy = Pin();
    EXPECT_EQ(Numbers::alive, 1);
    EXPECT_EQ(numbers.retired(), 0U);
  });
}

TEST(Published, takes_no_pin_of_another) {
  in_world([] {
    Published<Numbers> one(std::make_unique<Numbers>(1)), other(std::make_unique<Numbers>(2));
    const Pin pin = one.pin();
    EXPECT_EQ(other.value(pin).all[0], 2);
  });
}

TEST(Published, pins_may_be_copied_and_dropped_by_threads) {
  in_world([] {
    Published<Numbers> numbers(std::make_unique<Numbers>(1));
    BlockingPool pool({.threads = 2});
    Pin pin = numbers.pin();
    numbers.publish(std::make_unique<Numbers>(2));
    pool.run([&] { EXPECT_EQ(numbers.value(Pin(pin)).all[0], 1); });
    pool.run([&] { pin = Pin(); });
    EXPECT_EQ(Numbers::alive, 1);
  });
}

// Every fiber looks at whole values only, those that it pinned stay the same over waits, and none is left behind.
TEST(Published, is_whole_for_readers_on_all_loops_while_it_is_replaced) {
  in_world(
      [] {
        Published<Numbers> numbers(std::make_unique<Numbers>(0));
        std::atomic<bool> done = false;
        std::atomic<int> looks = 0;
        const auto all_are = [](const Numbers& value, int number) {
          return std::ranges::all_of(value.all, [&](int each) { return each == number; });
        };
        const auto read = [&] {
          while (!done) {
            const Numbers& now = numbers.current();
            ASSERT_TRUE(all_are(now, now.all[0]));
            const Pin pin = numbers.pin();
            const int number = numbers.value(pin).all[0];
            for (int i = 0; i < 3; ++i) {
              yield();
              ASSERT_TRUE(all_are(numbers.value(pin), number));
            }
            ++looks;
          }
        };
        {
          auto here = spawn(read), too = spawn(read);
          auto there = spawn([&] {
            run_on(*World::current().loops()[1], [&] {
              auto one = spawn(read), two = spawn(read);
              one.join(), two.join();
            });
          });
          for (int i = 1; i <= 300; ++i) numbers.publish(std::make_unique<Numbers>(i));
          done = true;
          here.join(), too.join(), there.join();
        }
        EXPECT_GT(looks, 10);
        EXPECT_EQ(Numbers::alive, 1);
        EXPECT_EQ(numbers.number(), 301U);
      },
      {.loops = 2});
}

}  // namespace
}  // namespace marty::runtime
