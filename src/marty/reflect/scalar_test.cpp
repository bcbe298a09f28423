#include "marty/reflect/scalar.hpp"

#include <cmath>
#include <limits>

#include "marty/base/error.hpp"
#include "marty/base/uuid.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::reflect {
namespace {

enum class Color { red, green };

// What from_text makes of `text`, written back; or its problem.
template <class T>
std::string read(std::string_view text) {
  T value{};
  if (std::string problem = from_text(type_of<T>(), text, &value); !problem.empty()) return problem;
  std::string out;
  to_text(type_of<T>(), &value, out);
  return out;
}

TEST(Scalar, every_kind_reads_back_what_it_writes) {
  EXPECT_EQ(read<bool>("true"), "true");
  EXPECT_EQ(read<int>("-42"), "-42");
  EXPECT_EQ(read<std::uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(read<std::int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(read<double>("0.1"), "0.1");
  EXPECT_EQ(read<float>("0.1"), "0.1");
  EXPECT_EQ(read<double>("1e300"), "1e+300");
  EXPECT_EQ(read<std::string>("a \"b\""), "a \"b\"");
  EXPECT_EQ(read<Color>("green"), "green");
  EXPECT_EQ(read<Uuid>("018F4E6E-4A5B-7C1D-8E2F-0123456789AB"), "018f4e6e-4a5b-7c1d-8e2f-0123456789ab");
}

TEST(Scalar, an_integer_must_fit_its_type) {
  EXPECT_EQ(read<std::int8_t>("127"), "127");
  EXPECT_EQ(read<std::int8_t>("128"), "must be an integer from -128 to 127");
  EXPECT_EQ(read<std::int8_t>("-129"), "must be an integer from -128 to 127");
  EXPECT_EQ(read<std::uint8_t>("-1"), "must be an integer from 0 to 255");
  EXPECT_EQ(read<std::uint8_t>("-0"), "0");
  EXPECT_EQ(read<std::uint32_t>("4294967296"), "must be an integer from 0 to 4294967295");
  EXPECT_EQ(read<std::uint64_t>("18446744073709551616"), "must be an integer of at least 0");
  EXPECT_EQ(read<std::int64_t>("9223372036854775808"), "must be an integer");
}

TEST(Scalar, only_the_number_grammar_of_json_is_a_number) {
  for (const std::string_view text :
       {"", "+1", "01", "1.", ".5", "0x10", "1_000", " 1", "1 ", "--1", "-", "1e", "1e+", "NaN", "inf", "1,5"}) {
    EXPECT_EQ(read<double>(text), "must be a number") << text;
    EXPECT_EQ(read<std::int64_t>(text), "must be an integer") << text;
  }
  EXPECT_EQ(read<std::int64_t>("1.0"), "must be an integer") << "in JSON it is one";
  EXPECT_EQ(read<std::int64_t>("1e3"), "must be an integer");
}

TEST(Scalar, a_number_beyond_the_type_is_refused_and_one_too_small_is_zero) {
  EXPECT_EQ(read<double>("1e309"), "must be a number");
  EXPECT_EQ(read<float>("1e39"), "must be a number");
  EXPECT_EQ(read<double>("-1e309"), "must be a number");
  EXPECT_EQ(read<double>("1e-400"), "0");
  EXPECT_EQ(read<double>("-1e-400"), "-0");
  EXPECT_EQ(read<double>("0." + std::string(400, '0') + "1"), "0");
  EXPECT_EQ(read<double>("1" + std::string(400, '0')), "must be a number");
  EXPECT_EQ(read<double>("5e-324"), "5e-324");
}

TEST(Scalar, too_large_and_too_small_are_told_apart_by_digits_and_exponent_together) {
  const std::string zeros(400, '0');
  EXPECT_EQ(read<double>("1" + zeros + "e-5"), "must be a number");
  EXPECT_EQ(read<double>("-1" + zeros + ".5e-5"), "must be a number");
  EXPECT_EQ(read<double>("1" + zeros + "e-400"), "1");
  EXPECT_EQ(read<double>("1" + zeros + "e-800"), "0");
  EXPECT_EQ(read<double>("0." + zeros + "1e5"), "0");
  EXPECT_EQ(read<double>("0." + zeros + "1e401"), "1");
  EXPECT_EQ(read<double>("0." + zeros + "1e+900"), "must be a number");
  EXPECT_EQ(read<double>("1e-99999999999999999999"), "0");
  EXPECT_EQ(read<double>("1e+99999999999999999999"), "must be a number");
  EXPECT_EQ(read<double>("1e9223372036854775807"), "must be a number");
  EXPECT_EQ(read<double>("0e99999999999999999999"), "0");
}

TEST(Scalar, a_wrong_name_gets_the_right_ones) {
  EXPECT_EQ(read<Color>("grean"), "must be one of red, green; did you mean green?");
  EXPECT_EQ(read<Color>("Red"), "must be one of red, green; did you mean red?");
  EXPECT_EQ(read<bool>("yes"), "must be true or false");
  EXPECT_EQ(read<Uuid>("1"), "must be a UUID such as 018f4e6e-4a5b-7c1d-8e2f-0123456789ab");
}

TEST(Scalar, what_is_refused_changes_nothing) {
  int number = 7;
  EXPECT_NE(from_text(type_of<int>(), "99999999999", &number), "");
  EXPECT_EQ(number, 7);
}

TEST(Scalar, an_enumeration_without_a_name_for_its_value_cannot_be_written) {
  const auto nameless = static_cast<Color>(9);
  std::string out;
  EXPECT_THROW(to_text(type_of<Color>(), &nameless, out), Error);
}

}  // namespace
}  // namespace marty::reflect
