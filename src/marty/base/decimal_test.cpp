#include "marty/base/decimal.hpp"

#include <random>

#include "marty/base/error.hpp"

namespace marty {
namespace {

constexpr std::string_view kLargest = "9999999999999999999999999999999999";

TEST(Decimal, text_is_kept_as_written) {
  for (const std::string_view text : {"0", "12.50", "-0.50", "0.00", "100", "-7", "0.0000000001"}) {
    EXPECT_EQ(Decimal(text).to_string(), text);
  }
  EXPECT_EQ(Decimal(kLargest).to_string(), kLargest);
  EXPECT_EQ(Decimal("-0").to_string(), "0");
  EXPECT_EQ(Decimal("-0.00").to_string(), "0.00");
}

TEST(Decimal, what_is_no_plain_decimal_number_is_refused) {
  for (const std::string_view text :
       {"", "-", ".", "1.", ".5", "+1", "01", "00", "1e5", "1,5", " 1", "1 ", "--1", "1.2.3", "NaN", "0x1", "1.-5"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
  EXPECT_FALSE(Decimal::parse(std::string(kLargest) + "0"));
  EXPECT_FALSE(Decimal::parse("0." + std::string(35, '1')));
  EXPECT_THROW(Decimal("twelve"), Error);
}

TEST(Decimal, numbers_are_compared_by_value) {
  EXPECT_EQ(Decimal("1.0"), Decimal("1"));
  EXPECT_EQ(Decimal("0"), Decimal("-0.00"));
  EXPECT_LT(Decimal("1.49"), Decimal("1.5"));
  EXPECT_LT(Decimal("-2"), Decimal("-1.99"));
  EXPECT_GT(Decimal("0.0000000000000000000000000000000001"), Decimal("0"));
}

TEST(Decimal, numbers_too_far_apart_for_common_places_still_compare) {
  const Decimal tiny("0.0000000000000000000000000000000001"), large(kLargest);
  EXPECT_LT(tiny, large);
  EXPECT_GT(large, tiny);
  EXPECT_LT(-large, tiny);
  EXPECT_LT(-large, -tiny);
}

TEST(Decimal, arithmetic_is_exact_and_keeps_places) {
  EXPECT_EQ((Decimal("0.1") + Decimal("0.2")).to_string(), "0.3");
  EXPECT_EQ((Decimal("12.50") * Decimal(3)).to_string(), "37.50");
  EXPECT_EQ((Decimal("1") - Decimal("0.01")).to_string(), "0.99");
  EXPECT_EQ((Decimal("1.5") * Decimal("-1.5")).to_string(), "-2.25");
  EXPECT_EQ(Decimal::from_units(-5, 2).to_string(), "-0.05");
}

TEST(Decimal, a_result_of_more_than_34_digits_is_refused) {
  EXPECT_THROW(Decimal(kLargest) + Decimal(1), Error);
  EXPECT_THROW(Decimal(kLargest) * Decimal(2), Error);
  EXPECT_THROW(Decimal(kLargest) * Decimal(kLargest), Error);
  EXPECT_THROW(Decimal(kLargest) + Decimal("0.1"), Error);
}

TEST(Decimal, rounding_goes_to_the_nearest_and_half_to_even) {
  EXPECT_EQ(Decimal("2.5").rounded(0).to_string(), "2");
  EXPECT_EQ(Decimal("3.5").rounded(0).to_string(), "4");
  EXPECT_EQ(Decimal("-2.51").rounded(0).to_string(), "-3");
  EXPECT_EQ(Decimal("-3.5").rounded(0).to_string(), "-4");
  EXPECT_EQ(Decimal("1.005").rounded(2).to_string(), "1.00");
  EXPECT_EQ(Decimal("1").rounded(2).to_string(), "1.00");
}

TEST(Decimal, agrees_with_integers_on_random_numbers) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> number(-1'000'000'000, 1'000'000'000);
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t a = number(random), b = number(random);
    const Decimal x = Decimal::from_units(a, 3), y = Decimal::from_units(b, 3);
    EXPECT_EQ(x + y, Decimal::from_units(a + b, 3));
    EXPECT_EQ(x * y, Decimal::from_units(a * b, 6));
    EXPECT_EQ(x < y, a < b);
    EXPECT_EQ(Decimal(x.to_string()), x);
  }
}

}  // namespace
}  // namespace marty
