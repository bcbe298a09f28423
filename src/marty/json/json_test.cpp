#include "marty/json/json.hpp"

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/json/value.hpp"

namespace shop {

enum class Color { red, green, blue };

struct Item {
  std::string sku;
  int quantity = 1;
  static constexpr auto rules = marty::rules(marty::field<&Item::quantity>.range(1, 99));
};

struct Order {
  std::string id;
  Color color;
  std::vector<Item> items;
  std::optional<double> weight;
  std::map<std::string, int> counts = {{"a", 1}};
  marty::json::Value extra = 1;
};

struct Scalars {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint64_t huge = 0;
  float narrow = 0;
  double wide = 0;
  marty::Uuid uuid;
  marty::Timestamp at;
  marty::Decimal price;
  marty::Bytes photo;
  static constexpr auto rules =
      marty::rules(marty::field<&Scalars::uuid>.optional(), marty::field<&Scalars::at>.optional(),
                   marty::field<&Scalars::price>.optional(), marty::field<&Scalars::photo>.optional());
};

struct Containers {
  std::array<int, 2> pair{};
  std::deque<int> deque = {1};
  std::vector<std::optional<int>> holes = {1};
  std::map<marty::Uuid, int> by_id = {{{}, 1}};
  std::map<int, std::string> by_number = {{1, ""}};
  std::map<Color, int> by_color = {{Color::red, 1}};
  std::unique_ptr<Item> item;
  static constexpr auto rules = marty::rules(marty::field<&Containers::pair>.optional());
};

struct Tree {
  int value;
  std::vector<Tree> children;
  static constexpr auto rules = marty::rules(marty::field<&Tree::children>.optional());
};

struct Account {
  std::string id;
  std::string name;
  std::string password;
  static constexpr auto rules =
      marty::rules(marty::field<&Account::id>.read_only(), marty::field<&Account::password>.write_only());
};

struct Renamed {
  int customer_id = 0;
  static constexpr auto rules = marty::rules(marty::field<&Renamed::customer_id>.name("customerId"));
};

}  // namespace shop

namespace marty::json {
namespace {

using Errors = std::vector<std::pair<std::string, std::string>>;

// The problems of reading `text`, as pointer and message.
template <class T>
Errors errors(std::string_view text, const Limits& limits = {}, View view = View::full) {
  T object{};
  Problems problems(limits.max_errors);
  const bool read = parse_into(reflect::type_of<T>(), &object, text, limits, view, problems);
  EXPECT_EQ(read, problems.empty());
  Errors all;
  for (const FieldError& error : problems.errors()) all.emplace_back(error.pointer, error.message);
  return all;
}

template <class T>
std::string round_trip(std::string_view text) {
  return to_string(parse<T>(text));
}

TEST(Json, what_was_written_reads_back_equal) {
  for (
      const std::string_view text : {
          R"({"id":"7","color":"green","items":[{"sku":"a\"b","quantity":2}],"weight":1.5,"counts":{"x":3},"extra":{"a":[1,null,-2.5e+30]}})",
          R"({"id":"\u0001\n\\","color":"red","items":[{"sku":"ü€🐾","quantity":1}],"counts":{"":0},"extra":null})",
      }) {
    EXPECT_EQ(round_trip<shop::Order>(text), text);
  }
}

TEST(Json, scalars_have_their_texts) {
  const std::string_view text =
      R"({"flag":true,"tiny":-128,"huge":18446744073709551615,"narrow":0.1,"wide":1e+100,)"
      R"("uuid":"018f4e6e-4a5b-7c1d-8e2f-0123456789ab","at":"2026-01-31T09:30:00.250Z","price":"12.50","photo":"AP8="})";
  EXPECT_EQ(round_trip<shop::Scalars>(text), text);
  EXPECT_EQ(parse<shop::Scalars>(text).photo.view(), std::string_view("\0\xFF", 2));
}

TEST(Json, containers_of_every_sort_are_read_and_written) {
  const std::string_view text =
      R"({"pair":[1,2],"deque":[3],"holes":[4,null],"by_id":{"018f4e6e-4a5b-7c1d-8e2f-0123456789ab":5},)"
      R"("by_number":{"-6":"x"},"by_color":{"blue":7},"item":{"sku":"a","quantity":8}})";
  EXPECT_EQ(round_trip<shop::Containers>(text), text);
}

TEST(Json, a_type_may_contain_itself) {
  const std::string_view text = R"({"value":1,"children":[{"value":2,"children":[]},{"value":3,"children":[]}]})";
  EXPECT_EQ(round_trip<shop::Tree>(text), text);
}

TEST(Json, anything_can_be_the_root) {
  EXPECT_EQ(parse<int>(" 42\n"), 42);
  EXPECT_EQ(parse<std::string>("\"\\u00e4\\ud83d\\udc3e\""), "\xC3\xA4\xF0\x9F\x90\xBE");
  EXPECT_EQ(round_trip<std::vector<std::string>>("[\"a\", \"b\"]"), "[\"a\",\"b\"]");
  EXPECT_EQ((round_trip<std::map<std::string, bool>>("{\"a\":true}")), "{\"a\":true}");
  EXPECT_EQ(parse<std::optional<int>>("null"), std::nullopt);
}

TEST(Json, white_space_and_the_order_of_fields_do_not_matter) {
  const auto item = parse<shop::Item>("\t{ \"quantity\"\r\n: 3 , \"sku\" :\"a\" } ");
  EXPECT_EQ(item.sku, "a");
  EXPECT_EQ(item.quantity, 3);
}

TEST(Json, a_name_may_be_written_with_escapes) {
  EXPECT_EQ(parse<shop::Item>(R"({"\u0073ku":"a"})").sku, "a");
  EXPECT_EQ((parse<std::map<std::string, std::string>>(R"({"\n":"\t"})")),
            (std::map<std::string, std::string>{{"\n", "\t"}}));
}

TEST(Json, a_field_that_is_left_out_keeps_its_default) {
  const auto order = parse<shop::Order>(R"({"id":"7","color":"red","items":[{"sku":"a"}]})");
  EXPECT_EQ(order.items[0].quantity, 1);
  EXPECT_EQ(order.counts.at("a"), 1);
  EXPECT_EQ(order.weight, std::nullopt);
  EXPECT_EQ(order.extra, Value(1));
}

TEST(Json, a_container_with_a_default_is_replaced_not_extended) {
  EXPECT_EQ(parse<shop::Order>(R"({"id":"7","color":"red","items":[{"sku":"a"}],"counts":{}})").counts.size(), 0u);
  EXPECT_EQ(parse<shop::Containers>(R"({"deque":[5]})").deque, std::deque<int>{5});
}

TEST(Json, null_is_an_empty_optional_and_nothing_else) {
  EXPECT_EQ(parse<shop::Order>(R"({"id":"7","color":"red","items":[{"sku":"a"}],"weight":null})").weight, std::nullopt);
  EXPECT_EQ(errors<shop::Item>(R"({"sku":null})"), (Errors{{"/sku", "must be a string, not null"}}));
}

TEST(Json, every_problem_is_listed_with_its_pointer) {
  const std::string_view text =
      R"({"color":"gren","items":[{"sku":1,"quantity":100},{"skuu":"a"}],"weight":"x","counts":{"a/b":1.5},"id":"","id":""})";
  EXPECT_EQ(errors<shop::Order>(text), (Errors{
                                           {"/color", "must be one of red, green, blue; did you mean green?"},
                                           {"/items/0/sku", "must be a string, not a number"},
                                           {"/items/0/quantity", "must be at most 99"},
                                           {"/items/1/skuu", "is not a known field; did you mean sku?"},
                                           {"/items/1/sku", "is required"},
                                           {"/weight", "must be a number, not a string"},
                                           {"/counts/a~1b",
                                            "must be an integer from -2147483648 to 2147483647, "
                                            "without fraction"},
                                           {"/id", "appears twice"},
                                       }));
}

TEST(Json, a_repeated_name_is_refused_wherever_it_stands) {
  constexpr std::string_view twice = R"({"sku":"a","quantity":1,"sku":"b","quantity":2})";
  EXPECT_EQ(errors<shop::Item>(twice), (Errors{{"/sku", "appears twice"}, {"/quantity", "appears twice"}}));
  EXPECT_EQ(errors<shop::Item>(R"({"quantity":1,"sku":"a","quantity":2})"), (Errors{{"/quantity", "appears twice"}}));
  // ... and what follows it is read as the value that it is.
  EXPECT_EQ(errors<shop::Item>(R"({"quantity":1,"sku":"a","quantity":"sku":"b"})"),
            (Errors{{"/quantity", "appears twice"}, {"", "line 1, column 41: expected ',' or '}'"}}));
}

TEST(Json, missing_fields_are_listed) {
  EXPECT_EQ(errors<shop::Order>("{}"),
            (Errors{{"/id", "is required"}, {"/color", "is required"}, {"/items", "is required"}}));
}

TEST(Json, each_wrong_type_is_named) {
  EXPECT_EQ(errors<bool>("1"), (Errors{{"", "must be true or false, not a number"}}));
  EXPECT_EQ(errors<int>("\"1\""), (Errors{{"", "must be an integer from -2147483648 to 2147483647, not a string"}}));
  EXPECT_EQ(errors<std::string>("[1,2]"), (Errors{{"", "must be a string, not an array"}}));
  EXPECT_EQ(errors<shop::Item>("[]"), (Errors{{"", "must be an object, not an array"}}));
  EXPECT_EQ(errors<std::vector<int>>("{}"), (Errors{{"", "must be an array, not an object"}}));
  EXPECT_EQ(errors<Uuid>("true"),
            (Errors{{"", "must be a UUID such as 018f4e6e-4a5b-7c1d-8e2f-0123456789ab, not a boolean"}}));
  EXPECT_EQ((errors<std::array<int, 2>>("[1]")), (Errors{{"", "must have exactly 2 items"}}));
  EXPECT_EQ((errors<std::array<int, 2>>("[1,2,3]")), (Errors{{"", "must have exactly 2 items"}}));
}

TEST(Json, integers_that_do_not_fit_are_refused) {
  EXPECT_EQ(errors<std::int8_t>("128").size(), 1u);
  EXPECT_EQ(errors<std::uint8_t>("-1").size(), 1u);
  EXPECT_EQ(errors<std::int64_t>("9223372036854775808").size(), 1u);
  EXPECT_EQ(errors<std::uint64_t>("18446744073709551616").size(), 1u);
  EXPECT_EQ(errors<std::int8_t>("1.28e2").size(), 1u);
  EXPECT_EQ(errors<int>("1e400").size(), 1u);
  EXPECT_EQ(errors<int>("1e99999999999999999999").size(), 1u);
  EXPECT_EQ(errors<std::uint64_t>("1.8446744073709551616e19").size(), 1u);
  EXPECT_EQ(errors<std::uint32_t>(std::string(10'000, '9')).size(), 1u);
  EXPECT_EQ(parse<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

// JSON Schema 2020-12, validation section 6.1.1; RFC 8259 section 6 has one kind of number.
TEST(Json, an_integer_may_be_written_with_a_zero_fraction_or_an_exponent) {
  for (const std::string_view text : {"21.0", "2.1e1", "21.000", "210e-1", "0.21E+2", "2100000e-5", "0.00021e5"}) {
    EXPECT_EQ(parse<int>(text), 21) << text;
    EXPECT_EQ(parse<std::uint8_t>(text), 21) << text;
  }
  EXPECT_EQ(parse<int>("-3.0"), -3);
  EXPECT_EQ(parse<unsigned>("-0.0e5"), 0u);
  EXPECT_EQ(parse<int>("0e99999999999999999999"), 0);
  EXPECT_EQ(parse<std::uint64_t>("1.8446744073709551615e19"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse<std::int64_t>("-9223372036854775808.0"), std::numeric_limits<std::int64_t>::min());
  for (const std::string_view text : {"21.5", "2.15e1", "1e-1", "0.1", "1e-99999999999999999999"}) {
    EXPECT_EQ(errors<int>(text), (Errors{{"", "must be an integer from -2147483648 to 2147483647, without fraction"}}))
        << text;
  }
}

TEST(Json, doubles_are_exact_to_the_last_bit) {
  for (const double number : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 9007199254740993.0, 123456789.125}) {
    EXPECT_EQ(parse<double>(to_string(number)), number);
  }
  EXPECT_EQ(errors<double>("1e309"), (Errors{{"", "is too large for a number"}}));
}

TEST(Json, a_syntax_error_ends_the_list_with_its_position) {
  EXPECT_EQ(errors<shop::Item>("{\"sku\":1,\n \"quantity\" 2}"),
            (Errors{{"/sku", "must be a string, not a number"}, {"", "line 2, column 13: expected ':'"}}));
  EXPECT_EQ(errors<shop::Item>(""), (Errors{{"", "line 1, column 1: the text ends too early"}}));
  EXPECT_EQ(errors<shop::Item>("{\"sku\":\"a\"} x"), (Errors{{"", "line 1, column 13: expected the end of the text"}}));
  EXPECT_EQ(errors<shop::Item>("{\"sku\":\"a\",}"), (Errors{{"", "line 1, column 12: expected a string"}}));
  EXPECT_EQ(errors<std::string>("\"\\ud800\""),
            (Errors{{"", "line 1, column 8: half of a surrogate pair in a string"}}));
  EXPECT_EQ(errors<std::string>("\"a\tb\"").size(), 1u);
  EXPECT_EQ(errors<std::string>("\"\xFF\"").size(), 1u);
  EXPECT_EQ(errors<std::string>(std::string_view("\"a\0b\"", 5)).size(), 1u);
  EXPECT_EQ(errors<int>(std::string_view("1\0", 2)).size(), 1u);
}

TEST(Json, limits_bound_depth_size_items_and_errors) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_EQ(errors<Value>(deep), (Errors{{"", "line 1, column 65: the value is nested too deeply"}}));
  EXPECT_EQ(errors<Value>(deep, {.max_depth = 65}), Errors{});
  EXPECT_EQ(errors<shop::Tree>(std::string(100'000, '[')).size(), 1u) << "skipping is bounded too";

  EXPECT_EQ(errors<Value>("[1,2]", {.max_bytes = 4}), (Errors{{"", "is larger than 4 bytes"}}));
  EXPECT_EQ(errors<std::vector<int>>("[1,2,3]", {.max_items = 2}),
            (Errors{{"/2", "is one item too many: the document is too large"}}));

  EXPECT_EQ(errors<std::vector<int>>("[\"\",\"\",\"\",\"\"]", {.max_errors = 3}).size(), 3u);
}

TEST(Json, a_small_text_causes_no_large_list_of_problems) {
  using Items = std::map<std::string, shop::Item>;
  std::string text = "{\"" + std::string(2000, 'k') + "\":{";
  for (int i = 0; i < 90; ++i) text += "\"u" + std::to_string(i) + "\":0,";
  text += "\"sku\":\"a\"}}";
  const Errors found = errors<Items>(text);
  EXPECT_EQ(found.size(), 90u);
  EXPECT_EQ(found[0].first, "/" + std::string(100, 'k') + "…/u0");

  std::string umlauts, kept;
  for (int i = 0; i < 60; ++i) umlauts += "ü";
  for (int i = 0; i < 50; ++i) kept += "ü";
  EXPECT_EQ(errors<Items>("{\"x" + umlauts + "\":0}")[0].first, "/x" + kept.substr(0, 98) + "…") << "no half of an ü";
}

TEST(Json, an_invalid_text_is_refused_also_where_no_problem_may_be_kept) {
  Problems none(0);
  shop::Item item;
  EXPECT_FALSE(parse_into(reflect::type_of<shop::Item>(), &item, "{}", {}, View::full, none));
  EXPECT_FALSE(none.empty());
  EXPECT_TRUE(none.errors().empty());
}

TEST(Json, a_request_must_not_name_what_is_read_only_and_need_not) {
  EXPECT_EQ(errors<shop::Account>(R"({"name":"Kim","password":"x"})", {}, View::request), Errors{});
  EXPECT_EQ(errors<shop::Account>(R"({"id":"1","name":"Kim","password":"x"})", {}, View::request),
            (Errors{{"/id", "is read-only: leave it out"}}));
  EXPECT_EQ(to_string(shop::Account{"1", "Kim", "x"}, View::request), R"({"name":"Kim","password":"x"})");
}

TEST(Json, a_response_has_nothing_that_is_write_only) {
  EXPECT_EQ(to_string(shop::Account{"1", "Kim", "x"}, View::response), R"({"id":"1","name":"Kim"})");
  EXPECT_EQ(errors<shop::Account>(R"({"id":"1","name":"Kim"})", {}, View::response), Errors{});
  EXPECT_EQ(round_trip<shop::Account>(R"({"id":"1","name":"Kim","password":"x"})"),
            R"({"id":"1","name":"Kim","password":"x"})");
}

TEST(Json, a_field_may_have_another_name_outside) {
  EXPECT_EQ(round_trip<shop::Renamed>(R"({"customerId":7})"), R"({"customerId":7})");
  EXPECT_EQ(errors<shop::Renamed>(R"({"customer_id":7})"),
            (Errors{{"/customer_id", "is not a known field; did you mean customerId?"}}));
}

TEST(Json, parse_throws_all_problems_as_fields) {
  try {
    parse<shop::Order>("{\"id\":1}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.fields().size(), 3u);
    EXPECT_EQ(error.fields()[0].pointer, "/id");
  }
}

TEST(JsonWrite, nan_and_infinity_are_refused_and_leave_the_output_alone) {
  std::string out = "before";
  for (const double number : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(write(out, std::vector<double>{1, number}), Error);
  }
  EXPECT_THROW(write(out, std::numeric_limits<float>::infinity()), Error);
  EXPECT_THROW(write(out, static_cast<shop::Color>(9)), Error);
  EXPECT_EQ(out, "before");
}

TEST(JsonWrite, appends_to_what_is_there) {
  std::string out = "data: ";
  write(out, 1);
  write_string(out, "x");
  write_string(out, std::string_view());
  EXPECT_EQ(out, "data: 1\"x\"\"\"");
}

TEST(JsonWrite, strings_are_escaped_and_invalid_utf8_is_replaced) {
  EXPECT_EQ(to_string(std::string("\"\\/\b\f\n\r\t\x01\x7F")), R"("\"\\/\u0008\u000c\n\r\t\u0001)"
                                                               "\x7F\"");
  EXPECT_EQ(to_string(std::string("a\xFF"
                                  "b\xC3")),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"");
  EXPECT_EQ(to_string(std::string("\xED\xA0\x80")), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(to_string(std::string(100, 'x') + "\n" + std::string(100, 'y')),
            "\"" + std::string(100, 'x') + "\\n" + std::string(100, 'y') + "\"");
}

TEST(JsonWrite, strings_of_every_length_and_alignment_are_scanned_whole) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t position = 0; position < size; ++position) {
      for (const char special : {'"', '\\', '\x1F', '\xFF'}) {
        std::string text(size, 'a');
        text[position] = special;
        const std::string written = to_string(text);
        EXPECT_GT(written.size(), size + 2);
        if (special != '\xFF') {
          EXPECT_EQ(parse<std::string>(written), text);
        }
      }
    }
  }
}

}  // namespace
}  // namespace marty::json
