#include "marty/telemetry/dimension.hpp"

#include <gtest/gtest.h>

#include <string>

namespace marty::telemetry {
namespace {

TEST(Dimension, takes_printable_text_up_to_its_limit) {
  Dimension dimension;
  EXPECT_TRUE(dimension.assign("user 42"));
  EXPECT_EQ(dimension.view(), "user 42");
  const std::string longest(Dimension::kMaxBytes, 'x');
  EXPECT_TRUE(dimension.assign(longest));
  EXPECT_EQ(dimension.view(), longest);
  EXPECT_FALSE(dimension.assign(longest + "x"));
  EXPECT_FALSE(dimension.assign(""));
  EXPECT_EQ(dimension.view(), longest) << "what is refused changes nothing";
}

TEST(Dimension, refuses_each_byte_that_is_not_printable_wherever_it_stands) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool fits = byte >= 0x20 && byte <= 0x7E;
    for (std::size_t at = 0; at < 19; ++at) {
      std::string text(19, 'a');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(Dimension().assign(text), fits) << "byte " << byte << " at " << at;
    }
  }
}

TEST(Dimension, cleans_values_of_the_program_instead_of_refusing_them) {
  Dimension dimension;
  dimension.assign_cleaned("a\r\nb\xC3\xA9");
  EXPECT_EQ(dimension.view(), "a??b??");
  dimension.assign_cleaned(std::string(500, 'y'));
  EXPECT_EQ(dimension.view(), std::string(Dimension::kMaxBytes, 'y'));
  dimension.assign_cleaned("");
  EXPECT_TRUE(dimension.empty());
}

TEST(Dimension, copies_are_equal_and_independent) {
  Dimension first;
  first.assign("one");
  Dimension second = first;
  EXPECT_EQ(first, second);
  second.assign("two");
  EXPECT_EQ(first.view(), "one");
}

}  // namespace
}  // namespace marty::telemetry
