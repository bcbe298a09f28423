#include "marty/runtime/time.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <set>
#include <string>
#include <thread>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/random.hpp"

namespace marty::runtime {
namespace {

using internal::in_world;
using namespace std::chrono_literals;

TEST(Time, is_monotonic_and_the_coarse_time_is_that_of_the_last_turn) {
  in_world([] {
    const TimePoint coarse = coarse_now();
    const TimePoint fine = now();
    EXPECT_LE(coarse, fine);
    EXPECT_EQ(coarse_now(), coarse);
    sleep_for(1ms);
    EXPECT_GT(coarse_now(), fine);
  });
}

TEST(Time, is_real_outside_of_any_world) {
  const TimePoint first = now();
  EXPECT_LE(first, now());
  EXPECT_LE(first, coarse_now());
  EXPECT_GT(wall_now(), Timestamp(std::chrono::seconds(1'700'000'000)));
}

// Beside the clock that it stands for, over many of its corrections, on two threads that take the processor from each
// other.
TEST(Time, follows_the_kernels_clock) {
  const auto follow = [](Duration& worst_step, Duration& worst_distance) {
    TimePoint before = now();
    const TimePoint end = before + 300ms;
    while (before < end) {
      timespec low{}, high{};
      clock_gettime(CLOCK_MONOTONIC, &low);
      const TimePoint shown = now();
      clock_gettime(CLOCK_MONOTONIC, &high);
      const auto of = [](const timespec& time) {
        return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
      };
      worst_step = std::min(worst_step, shown - before);
      worst_distance = std::max({worst_distance, of(low) - shown, shown - of(high)});
      before = shown;
    }
  };
  Duration steps[2]{}, distances[2]{};
  std::thread other([&] { follow(steps[1], distances[1]); });
  follow(steps[0], distances[0]);
  other.join();
  EXPECT_EQ(std::min(steps[0], steps[1]), Duration::zero());
  EXPECT_LT(std::max(distances[0], distances[1]), 50us);
}

TEST(Random, differs_from_call_to_call_and_from_thread_to_thread) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_u64());
  std::thread([&] {
    for (int i = 0; i < 100; ++i) seen.insert(random_u64());
  }).join();
  in_world([&] {
    for (int i = 0; i < 100; ++i) seen.insert(random_u64());
  });
  EXPECT_EQ(seen.size(), 300u);
}

TEST(Random, unit_is_in_its_interval_and_spread) {
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random_unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.05);
}

TEST(Random, secrets_fill_the_whole_buffer) {
  std::array<std::byte, 64> first{};
  std::array<std::byte, 64> second{};
  random_secret(first);
  in_world([&] { random_secret(second); });
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::any_of(second.end() - 8, second.end(), [](std::byte byte) { return byte != std::byte{}; }));
}

TEST(Uuids, are_version7_and_sort_by_time) {
  in_world([] {
    const Uuid first = new_uuid();
    sleep_for(2ms);
    const Uuid second = new_uuid();
    EXPECT_EQ(first.version(), 7);
    EXPECT_LT(first, second);
  });
}

}  // namespace
}  // namespace marty::runtime
