#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "marty/reflect/type_of.hpp"

namespace marty::reflect {
namespace {

template <class T>
void expect_limits_survive() {
  for (const T value : {std::numeric_limits<T>::min(), T(0), T(1), std::numeric_limits<T>::max()}) {
    EXPECT_EQ(integer_value(type_of<T>(), &value), static_cast<std::int64_t>(value));
    T stored = 2;
    set_integer_value(type_of<T>(), &stored, static_cast<std::int64_t>(value));
    EXPECT_EQ(stored, value);
  }
}

TEST(IntegerValue, the_limits_of_every_size_keep_value_and_sign) {
  expect_limits_survive<std::int8_t>();
  expect_limits_survive<std::uint8_t>();
  expect_limits_survive<std::int16_t>();
  expect_limits_survive<std::uint16_t>();
  expect_limits_survive<std::int32_t>();
  expect_limits_survive<std::uint32_t>();
  expect_limits_survive<std::int64_t>();
  expect_limits_survive<std::uint64_t>();
}

}  // namespace
}  // namespace marty::reflect
