#include "marty/runtime/internal/symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace marty::runtime::internal {
namespace {

[[gnu::noinline]] int known_only_to_this_file(int number) {
  asm volatile("" : "+r"(number));
  return number + 1;
}

TEST(Symbols, name_a_function_that_the_dynamic_linker_does_not_know) {
  Symbols symbols;
  EXPECT_THAT(symbols.describe(reinterpret_cast<void*>(&known_only_to_this_file)),
              testing::HasSubstr("::known_only_to_this_file(int) ("));
}

TEST(Symbols, name_a_function_of_a_shared_library) {
  Symbols symbols;
  EXPECT_THAT(symbols.describe(reinterpret_cast<void*>(&std::fopen)), testing::HasSubstr("fopen"));
}

TEST(Symbols, show_an_address_that_is_no_functions) {
  Symbols symbols;
  int on_the_stack = 0;
  EXPECT_THAT(symbols.describe(&on_the_stack), testing::StartsWith("0x"));
}

TEST(MappedFile, gives_nothing_beyond_its_end_or_misaligned) {
  const std::string path = testing::TempDir() + "marty_symbols_test";
  std::ofstream(path) << "0123456789abcdef";
  const MappedFile file(path.c_str());
  EXPECT_NE(file.at<std::uint64_t>(0, 2), nullptr);
  EXPECT_NE(file.at<char>(15), nullptr);
  EXPECT_EQ(file.at<std::uint64_t>(0, 3), nullptr);
  EXPECT_EQ(file.at<std::uint64_t>(8, SIZE_MAX / 8), nullptr);
  EXPECT_EQ(file.at<char>(SIZE_MAX), nullptr);
  EXPECT_EQ(file.at<std::uint64_t>(4), nullptr);
  EXPECT_EQ(MappedFile("/nowhere").at<char>(0), nullptr);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace marty::runtime::internal
