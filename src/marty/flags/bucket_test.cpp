#include "marty/flags/bucket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace marty::flags {
namespace {

// What deviates from `expected` in each cell, as Pearson's chi-squared.
double chi_squared(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// The vector of FNV-1a is one of its authors'; the others come from an implementation in Python. They never change:
// users would gain and lose features.
TEST(Buckets, are_those_of_the_documented_hash) {
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(bucket_of("new_checkout", "ann"), 2542U);
  EXPECT_EQ(bucket_of("new_checkout", "bob"), 2916U);
  EXPECT_EQ(bucket_of("new_search", "ann"), 7084U);
  EXPECT_EQ(bucket_of("a", ""), 7533U);
  EXPECT_EQ(bucket_of("new_checkout", "J\u00fcrgen"), 4859U);
  EXPECT_EQ(bucket_of("new_checkout", "4bf92f3577b34da6a3ce929d0e0e4736"), 5615U);
}

// The limits are what chance exceeds once in a thousand times.
TEST(Buckets, hold_about_as_many_users_each) {
  for (const std::string flag : {"new_checkout", "a", "b"}) {
    std::vector<int> counts(100);
    for (int user = 0; user < 100'000; ++user) ++counts[bucket_of(flag, "user-" + std::to_string(user)) / 100];
    EXPECT_LT(chi_squared(counts, 1000), 148.2) << flag << ": 99 degrees of freedom";
  }
}

TEST(Buckets, of_two_flags_have_nothing_to_do_with_each_other) {
  for (const auto& [one, other] : {std::array{"a", "b"}, std::array{"new_checkout", "new_search"}}) {
    std::vector<int> counts(100);
    for (int user = 0; user < 100'000; ++user) {
      const std::string name = std::to_string(user);
      ++counts[bucket_of(one, name) / 1000 * 10 + bucket_of(other, name) / 1000];
    }
    EXPECT_LT(chi_squared(counts, 1000), 148.2) << one << " and " << other;
  }
}

}  // namespace
}  // namespace marty::flags
