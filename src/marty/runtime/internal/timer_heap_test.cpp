#include "marty/runtime/internal/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "marty/runtime/internal/random_engine.hpp"

namespace marty::runtime::internal {
namespace {

class Recorder final : public Timer {
 public:
  Recorder(std::vector<int>& log, int name) : log_(log), name_(name) {}
  void on_timer() noexcept override { log_.push_back(name_); }

 private:
  std::vector<int>& log_;
  int name_;
};

TimePoint at(std::int64_t time) { return TimePoint(Duration(time)); }

TEST(TimerHeap, expires_in_order_of_time_then_of_adding) {
  std::vector<int> log;
  Recorder late(log, 3), first(log, 1), second(log, 2);
  TimerHeap heap;
  heap.add(late, at(20));
  heap.add(first, at(10));
  heap.add(second, at(10));
  EXPECT_EQ(heap.next(), at(10));
  heap.expire(at(9));
  EXPECT_TRUE(log.empty());
  heap.expire(at(10));
  EXPECT_EQ(log, (std::vector{1, 2}));
  EXPECT_EQ(heap.next(), at(20));
  heap.expire(kNever);
  EXPECT_EQ(log, (std::vector{1, 2, 3}));
  EXPECT_EQ(heap.next(), kNever);
}

TEST(TimerHeap, forgets_a_removed_timer_which_can_be_added_again) {
  std::vector<int> log;
  Recorder timer(log, 1);
  TimerHeap heap;
  heap.add(timer, at(5));
  EXPECT_TRUE(timer.armed());
  heap.remove(timer);
  heap.remove(timer);
  EXPECT_FALSE(timer.armed());
  heap.expire(at(100));
  EXPECT_TRUE(log.empty());
  heap.add(timer, at(200));
  heap.expire(at(200));
  EXPECT_EQ(log, (std::vector{1}));
}

// Against a plain sorted list, with random additions and removals.
TEST(TimerHeap, agrees_with_a_sorted_list_under_random_use) {
  RandomEngine random(7);
  constexpr int kTimers = 200;
  std::vector<int> log;
  std::vector<Recorder> timers;
  for (int i = 0; i < kTimers; ++i) timers.emplace_back(log, i);
  std::vector<std::pair<TimePoint, int>> expected;
  TimerHeap heap;
  for (int step = 0; step < 5'000; ++step) {
    const int name = static_cast<int>(random.next() % kTimers);
    Recorder& timer = timers[static_cast<std::size_t>(name)];
    if (timer.armed()) {
      heap.remove(timer);
      std::erase_if(expected, [&](const auto& entry) { return entry.second == name; });
    } else {
      const TimePoint time = at(static_cast<std::int64_t>(random.next() % 1'000));
      heap.add(timer, time);
      expected.emplace_back(time, name);
    }
    ASSERT_EQ(heap.size(), expected.size());
    const auto earliest = std::min_element(expected.begin(), expected.end(),
                                           [](const auto& a, const auto& b) { return a.first < b.first; });
    ASSERT_EQ(heap.next(), earliest == expected.end() ? kNever : earliest->first);
  }
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  heap.expire(kNever);
  std::vector<int> names;
  for (const auto& [time, name] : expected) names.push_back(name);
  EXPECT_EQ(log, names);
}

}  // namespace
}  // namespace marty::runtime::internal
