#include "marty/base/stack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "marty/base/error.hpp"

namespace marty {
namespace {

using testing::HasSubstr;

[[gnu::noinline]] Stack descend(int levels) {
  Stack stack = levels == 0 ? Stack::here() : descend(levels - 1);
  asm volatile("" : : "r"(&stack) : "memory");  // a call, not a jump
  return stack;
}

std::ptrdiff_t lines_of(const std::string& text) {
  return text.empty() ? 0 : 1 + std::count(text.begin(), text.end(), '\n');
}

TEST(Stack, has_a_line_for_each_caller) {
  const auto shallow = lines_of(descend(0).text());
  EXPECT_GT(shallow, 1);
  EXPECT_EQ(lines_of(descend(3).text()), std::min<std::ptrdiff_t>(shallow + 3, 32));
  EXPECT_THAT(descend(0).text(), HasSubstr("marty_base_test+0x"));
}

TEST(Stack, ends_after_32_callers) { EXPECT_EQ(lines_of(descend(100).text()), 32); }

TEST(Stack, is_empty_unless_it_was_taken) {
  EXPECT_TRUE(Stack().empty());
  EXPECT_EQ(Stack().text(), "");
}

TEST(Error, knows_where_it_was_made_if_nobody_plans_for_its_code) {
  EXPECT_THAT(Error(Code::internal, "broken").stack(), HasSubstr("marty_base_test+0x"));
  EXPECT_NE(Error(Code::data_loss, "broken").with_http_status(503).stack(), "");
  EXPECT_EQ(Error(Code::not_found, "no pet with id 42").stack(), "");
}

TEST(DescribeAddress, names_exported_functions_with_their_file) {
  EXPECT_THAT(describe_address(reinterpret_cast<void*>(&std::malloc)), HasSubstr("malloc ("));
  EXPECT_EQ(describe_address(reinterpret_cast<void*>(0x10)), "0x10");
}

}  // namespace
}  // namespace marty
