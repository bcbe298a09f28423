#include "marty/http/internal/http2_guard.hpp"

#include <gtest/gtest.h>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http::internal {
namespace {

using namespace std::chrono_literals;

// Time is whatever a test says.
constexpr runtime::TimePoint at(runtime::Duration since_start) { return runtime::TimePoint(since_start); }

int spend_all(Http2Budget& budget) {
  int spent = 0;
  while (budget.spend(1)) ++spent;
  return spent;
}

TEST(Http2Budget, a_quiet_hour_allows_no_more_than_the_capacity) {
  Http2Budget budget(at(0s));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(budget.spend(1));
  budget.refill(at(1h));
  int spent = 0;
  while (spent < Http2Budget::kCapacity && budget.spend(1)) ++spent;
  budget.refill(at(1h));
  EXPECT_EQ(spent, Http2Budget::kCapacity);
  EXPECT_EQ(spend_all(budget), 0);
}

TEST(Http2Budget, loses_no_time_in_small_steps) {
  Http2Budget budget(at(0s));
  for (int i = 0; i < Http2Budget::kCapacity; ++i) EXPECT_TRUE(budget.spend(1));
  for (int i = 1; i <= 700; ++i) budget.refill(at(i * 1ms + 300us));
  EXPECT_EQ(spend_all(budget), 700ms / 10ms * 10);
}

TEST(Http2Budget, is_overdrawn_at_its_rate_and_spent_at_ten_times_it) {
  Http2Budget ordinary(at(0s)), fast(at(0s)), attack(at(0s));
  int attacked = 0;
  for (int second = 1; second <= 60; ++second) {
    for (Http2Budget* const each : {&ordinary, &fast, &attack}) each->refill(at(second * 1s));
    EXPECT_TRUE(ordinary.spend(Http2Budget::kPerSecond));
    EXPECT_TRUE(fast.spend(Http2Budget::kMostPerSecond));
    if (attack.spend(Http2Budget::kMostPerSecond * 3 / 2)) ++attacked;
  }
  EXPECT_FALSE(ordinary.is_overdrawn());
  EXPECT_TRUE(fast.is_overdrawn());
  EXPECT_LT(attacked, 5);
}

TEST(Http2Budget, replies_pay_for_frames) {
  Http2Budget budget(at(0s));
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(budget.spend(3));
    budget.earn();
  }
  EXPECT_FALSE(budget.is_overdrawn());
}

class Http2GuardTest : public testing::Test {
 protected:
  // How many CONTINUATION frames the guard lets through, of heads with so many each. nghttp2 is not asked.
  static std::size_t admitted(int heads, int continuations) {
    std::size_t count = 0;
    run_in(WorldKind::simulated, [&] {
      Http2Guard guard(/*of_server=*/true);
      guard.judge(nullptr, NGHTTP2_CLIENT_MAGIC, runtime::now());
      const std::string next = frame(NGHTTP2_CONTINUATION, 0, 1, "x");
      for (int head = 0; head < heads; ++head) {
        guard.judge(nullptr, headers_frame(2 * head + 1, "", true, false), runtime::now());
        for (int i = 0; i < continuations; ++i, ++count)
          if (guard.judge(nullptr, next, runtime::now()).error == NGHTTP2_ENHANCE_YOUR_CALM) return;
      }
    });
    return count;
  }
};

// CVE-2024-28182. RFC 9113 section 10.5 leaves a limit to the receiver.
TEST_F(Http2GuardTest, ends_a_head_that_goes_on_and_on) {
  EXPECT_EQ(admitted(1, 100'000), std::size_t{Http2Guard::kFreeContinuations + Http2Budget::kCapacity - 1});
}

TEST_F(Http2GuardTest, lets_ordinary_heads_come_in_a_few_pieces) {
  EXPECT_EQ(admitted(1000, Http2Guard::kFreeContinuations), 1000u * Http2Guard::kFreeContinuations);
}

TEST_F(Http2GuardTest, counts_the_continuations_of_each_head_anew) { EXPECT_LT(admitted(1000, 100), 3000u); }

}  // namespace
}  // namespace marty::http::internal
