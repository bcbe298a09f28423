#include "marty/base/secret.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <type_traits>

namespace marty {
namespace {

TEST(Secret, holds_its_text_and_answers_comparisons) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_TRUE(secret.equals("hunter2"));
  EXPECT_FALSE(secret.equals("hunter3"));
  EXPECT_FALSE(secret.equals("hunter"));
  EXPECT_TRUE(secret == Secret("hunter2"));
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret() == Secret(""));
}

TEST(Secret, is_copied_and_moved) {
  Secret first("one");
  Secret second = first;
  first = Secret("two");
  EXPECT_EQ(second.reveal(), "one");
  const Secret third = std::move(first);
  EXPECT_EQ(third.reveal(), "two");
  EXPECT_TRUE(first.empty());  // NOLINT: a moved-from secret is empty
}

TEST(Secret, clears_what_it_is_made_of) {
  std::string text = "a password that is longer than any small string";
  const char* const bytes = text.data();
  const std::size_t size = text.size();
  const Secret secret = Secret::take(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string_view(bytes, size).find_first_not_of('\0'), std::string_view::npos);
  EXPECT_EQ(secret.size(), size);
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Secret, cannot_be_written_in_any_way) {
  static_assert(!HasText<Secret> && ReadsText<Secret>);
  static_assert(!Streamable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string_view> && !std::is_convertible_v<Secret, std::string>);
  static_assert(!std::totally_ordered<Secret>);
  SUCCEED();
}

}  // namespace
}  // namespace marty
