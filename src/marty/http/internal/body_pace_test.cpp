#include "marty/http/internal/body_pace.hpp"

#include <gtest/gtest.h>

namespace marty::http::internal {
namespace {

using namespace std::chrono_literals;

BodyPace pace_of(std::size_t bytes_per_second, runtime::Duration patience) {
  BodyPace pace;
  pace.begin(bytes_per_second, patience);
  return pace;
}

// How long pieces of so many bytes, a second apart, are waited for.
int seconds_until_spent(BodyPace pace, std::size_t bytes) {
  for (int second = 0; second < 100'000; ++second) {
    pace.waited(1s);
    if (pace.is_spent()) return second + 1;
    pace.received(bytes);
  }
  return 100'000;
}

TEST(BodyPace, below_the_rate_a_body_falls_behind) {
  EXPECT_EQ(seconds_until_spent(pace_of(512, 30s), 0), 30);
  EXPECT_EQ(seconds_until_spent(pace_of(512, 30s), 1), 31);
  EXPECT_EQ(seconds_until_spent(pace_of(512, 30s), 256), 59);
  EXPECT_EQ(seconds_until_spent(pace_of(512, 30s), 512), 100'000);
}

TEST(BodyPace, what_came_fast_is_no_credit_for_later) {
  BodyPace pace = pace_of(512, 30s);
  pace.received(16 << 20);
  EXPECT_EQ(pace.left(), 30s);
}

TEST(BodyPace, without_a_rate_any_byte_will_do) {
  BodyPace pace = pace_of(0, 30s);
  pace.waited(29s);
  pace.received(1);
  EXPECT_EQ(pace.left(), 30s);
}

TEST(BodyPace, may_be_for_ever) {
  BodyPace pace = pace_of(512, runtime::Duration::max());
  pace.waited(std::chrono::hours(1));
  pace.received(~std::size_t{0});
  EXPECT_EQ(pace.left(), runtime::Duration::max());
}

}  // namespace
}  // namespace marty::http::internal
