#include "marty/service/internal/address_space.hpp"

#include <gtest/gtest.h>

namespace marty::service {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

TEST(AddressSpace, has_one_heap_for_all_threads_where_a_second_would_take_more_than_a_quarter) {
  EXPECT_EQ(heaps_within(100 * kMebibyte), 1);
  EXPECT_EQ(heaps_within(255 * kMebibyte), 1);
  EXPECT_EQ(heaps_within(256 * kMebibyte), 2);
  EXPECT_EQ(heaps_within(1024 * kMebibyte), 5);
}

}  // namespace
}  // namespace marty::service
