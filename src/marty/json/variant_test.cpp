#include <variant>

#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/json/json.hpp"
#include "marty/json/value.hpp"

namespace marty::json {
namespace {

struct Card {
  static constexpr std::string_view tag = "card";
  std::string number;
};
struct Transfer {
  static constexpr std::string_view tag = "transfer";
  std::string iban;
  int days = 2;
};
struct Untagged {
  int x = 0;
};

using Payment = std::variant<Card, Transfer>;
using Scalar = std::variant<std::monostate, bool, std::int8_t, double, Uuid, Timestamp, std::string>;
using Mixed = std::variant<int, std::vector<int>, Untagged>;

struct Invoice {
  Payment payment;
  std::vector<Scalar> scalars;
  static constexpr auto rules = marty::rules(marty::field<&Invoice::scalars>.optional());
};

template <class T>
std::string round_trip(std::string_view text) {
  return to_string(parse<T>(text));
}

template <class T>
std::string first_error(std::string_view text) {
  try {
    parse<T>(text);
  } catch (const Error& error) {
    return error.fields().at(0).pointer + " " + error.fields().at(0).message;
  }
  return "accepted";
}

TEST(Variant, the_tag_tells_which_struct_is_meant) {
  EXPECT_EQ(round_trip<Payment>(R"({"type":"card","number":"4711"})"), R"({"type":"card","number":"4711"})");
  EXPECT_EQ(std::get<Transfer>(parse<Payment>(R"({"type":"transfer","iban":"DE"})")).days, 2);
}

TEST(Variant, the_tag_may_stand_anywhere) {
  const std::string_view text = R"({"payment":{"iban":"\"}","days":3,"type":"transfer"}})";
  EXPECT_EQ(std::get<Transfer>(parse<Invoice>(text).payment).iban, "\"}");
}

TEST(Variant, a_wrong_or_missing_tag_gets_the_right_ones) {
  EXPECT_EQ(first_error<Invoice>(R"({"payment":{"type":"crad","number":"1"}})"),
            "/payment/type must be one of card, transfer; did you mean card?");
  EXPECT_EQ(first_error<Invoice>(R"({"payment":{"number":"1"}})"), "/payment/type must be one of card, transfer");
  EXPECT_EQ(first_error<Invoice>(R"({"payment":{"type":7}})"), "/payment/type must be one of card, transfer");
  EXPECT_EQ(first_error<Invoice>(R"({"payment":3})"), "/payment must be an object, not a number");
}

TEST(Variant, problems_inside_the_alternative_are_found) {
  EXPECT_EQ(first_error<Invoice>(R"({"payment":{"type":"card","nummer":"1"}})"),
            "/payment/nummer is not a known field; did you mean number?");
  EXPECT_EQ(first_error<Invoice>(R"({"payment":{"type":"card","type":"card","number":"1"}})"),
            "/payment/type appears twice");
}

TEST(Variant, a_tagged_struct_carries_its_tag_on_its_own_too) {
  EXPECT_EQ(round_trip<Card>(R"({"number":"1","type":"card"})"), R"({"type":"card","number":"1"})");
  EXPECT_EQ(first_error<Card>(R"({"number":"1"})"), "/type is required");
  EXPECT_EQ(first_error<Card>(R"({"number":"1","type":"transfer"})"), "/type must be \"card\"");
  EXPECT_EQ(first_error<Card>(R"({"number":"1","type":null})"), "/type must be \"card\"");
}

TEST(Variant, of_scalars_the_first_one_that_the_text_is_valid_for_is_taken) {
  const auto index = [](std::string_view text) { return parse<Scalar>(text).index(); };
  EXPECT_EQ(index("null"), 0u);
  EXPECT_EQ(index("true"), 1u);
  EXPECT_EQ(index("127"), 2u);
  EXPECT_EQ(index("128"), 3u);
  EXPECT_EQ(index("1.5"), 3u);
  EXPECT_EQ(index("1.0"), 3u);  // an integer, too, but written as a fraction is
  EXPECT_EQ(index("1e2"), 3u);
  EXPECT_EQ(index("\"018f4e6e-4a5b-7c1d-8e2f-0123456789ab\""), 4u);
  EXPECT_EQ(index("\"2026-01-31T09:30:00Z\""), 5u);
  EXPECT_EQ(index("\"\""), 6u);
  EXPECT_EQ(round_trip<std::vector<Scalar>>(R"([null,false,1,1.5,"x"])"), R"([null,false,1,1.5,"x"])");
}

TEST(Variant, alternatives_of_different_json_types_need_no_tag) {
  EXPECT_EQ(round_trip<std::vector<Mixed>>(R"([1,[2,3],{"x":4}])"), R"([1,[2,3],{"x":4}])");
  EXPECT_EQ(first_error<Mixed>("\"a\""),
            " must be an integer from -2147483648 to 2147483647, or an array, or an object, not a string");
}

TEST(Variant, several_structs_without_tags_are_a_mistake_of_the_program) {
  struct Second {
    int y = 0;
  };
  try {
    parse<std::variant<Untagged, Second>>("{}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.message(), testing::HasSubstr("each needs a tag"));
  }
}

TEST(Variant, a_syntax_error_before_the_tag_is_reported_once) {
  Problems problems;
  Payment payment;
  parse_into(reflect::type_of<Payment>(), &payment, R"({"number":01,"type":"card"})", {}, View::full, problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.errors()[0].message, "line 1, column 12: a number must not start with 0");
}

}  // namespace
}  // namespace marty::json
