#include "marty/runtime/internal/stack.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime::internal {
namespace {

TEST(StackAllocator, gives_distinct_writable_stacks_of_the_asked_size) {
  StackAllocator stacks({.bytes = 64 * 1024});
  std::set<char*> bases;
  for (std::size_t i = 0; i < 3 * StackAllocator::kStacksPerSlab; ++i) {
    const Stack stack = stacks.allocate();
    EXPECT_EQ(stack.bytes, 64u * 1024);
    std::memset(stack.base, 1, stack.bytes);
    EXPECT_TRUE(bases.insert(stack.base).second);
  }
}

TEST(StackAllocator, reuses_the_address_of_a_released_stack_without_its_pages) {
  StackAllocator stacks({.bytes = 64 * 1024});
  const Stack first = stacks.allocate();
  std::memset(first.base, 1, first.bytes);
  EXPECT_EQ(high_water_bytes(first), first.bytes);
  stacks.release(first);
  const Stack second = stacks.allocate();
  EXPECT_EQ(second.base, first.base);
  EXPECT_EQ(high_water_bytes(second), 0u);
}

TEST(StackAllocator, says_what_to_raise_when_there_is_no_address_space) {
  const auto more_than_there_is = [] { StackAllocator({.bytes = std::size_t{1} << 45}); };
  EXPECT_EQ(code_thrown_by(more_than_there_is), Code::resource_exhausted);
  EXPECT_THAT(message_thrown_by(more_than_there_is), testing::HasSubstr("raise vm.max_map_count"));
}

TEST(StackAllocator, takes_no_more_than_its_share_of_the_address_space_and_a_slab_whatever_that_is) {
  StackAllocator stacks({.bytes = 64 * 1024, .most_bytes = 1});
  Stack last;
  for (std::size_t i = 0; i < StackAllocator::kStacksPerSlab; ++i) last = stacks.allocate();
  EXPECT_EQ(code_thrown_by([&] { stacks.allocate(); }), Code::resource_exhausted);
  EXPECT_THAT(message_thrown_by([&] { stacks.allocate(); }), testing::HasSubstr("ulimit -v"));
  stacks.release(last);
  EXPECT_EQ(stacks.allocate().base, last.base);
}

TEST(StackGuardDeathTest, below_and_above_the_stack_nothing_can_be_written) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  StackAllocator stacks({.bytes = 64 * 1024});
  const Stack lower = stacks.allocate();
  const Stack upper = stacks.allocate();
  const auto write_to = [](char* address) { *static_cast<volatile char*>(address) = 1; };
  EXPECT_DEATH(write_to(lower.base - 1), "");
  EXPECT_DEATH(write_to(upper.base - StackAllocator::kGuardBytes), "");
  write_to(lower.base);
}

}  // namespace
}  // namespace marty::runtime::internal
