#include "marty/http/internal/told_length.hpp"

#include <gtest/gtest.h>

#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {
namespace {

TEST(ToldLength, takes_what_was_told) {
  ToldLength length(5);
  length.take(2);
  length.take(0);
  length.take(3);
  length.finish();
  EXPECT_EQ(length.told(), 5u);
}

TEST(ToldLength, refuses_what_is_beyond_it_and_still_misses_what_was_not_sent) {
  ToldLength length(5);
  length.take(4);
  const Error longer = error_of([&] { length.take(2); });
  EXPECT_EQ(longer.code(), Code::internal);
  EXPECT_EQ(longer.message(), "a body stream is longer than the length it had told");
  const Error shorter = error_of([&] { length.finish(); });
  EXPECT_EQ(shorter.code(), Code::internal);
  EXPECT_EQ(shorter.message(), "a body stream is shorter than the length it had told");
}

TEST(ToldLength, binds_nobody_where_none_was_told) {
  ToldLength length(std::nullopt);
  length.take(1'000'000);
  length.finish();
  EXPECT_EQ(length.told(), std::nullopt);
}

}  // namespace
}  // namespace marty::http::internal
