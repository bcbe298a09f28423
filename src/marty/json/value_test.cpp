#include "marty/json/value.hpp"

#include "marty/base/error.hpp"
#include "marty/json/indented.hpp"

namespace marty::json {
namespace {

TEST(Value, is_built_from_what_it_holds) {
  const Value value = Value::object({{"name", "Rex"}, {"age", 3}, {"tags", Value::array({"a", nullptr, true, 1.5})}});
  EXPECT_EQ(value.to_string(), R"({"name":"Rex","age":3,"tags":["a",null,true,1.5]})");
  EXPECT_EQ(Value::parse(value.to_string()), value);
}

TEST(Value, members_appear_as_they_are_written_to) {
  Value value;
  value["owner"]["name"] = "Kim";
  value["list"].push_back(1);
  value["owner"]["name"] = "Kay";
  EXPECT_EQ(value.to_string(), R"({"owner":{"name":"Kay"},"list":[1]})");
  EXPECT_THROW(value["owner"]["name"]["first"], Error);
}

TEST(Value, reading_what_is_not_there_gives_null) {
  const Value value = Value::parse(R"({"a":1})");
  EXPECT_TRUE(value["b"]["c"].is_null());
  EXPECT_EQ(value.find("b"), nullptr);
  EXPECT_EQ(Value(1).size(), 0u);
}

TEST(Value, integers_of_64_bits_are_exact_and_stay_integers) {
  EXPECT_EQ(Value::parse("18446744073709551615").as_unsigned(), UINT64_MAX);
  EXPECT_EQ(Value::parse("-9223372036854775808").as_integer(), INT64_MIN);
  EXPECT_EQ(Value::parse("9007199254740993").to_string(), "9007199254740993");
  EXPECT_TRUE(Value::parse("1").is_integer());
  EXPECT_FALSE(Value::parse("1.0").is_integer());
  EXPECT_TRUE(Value::parse("18446744073709551616").is_number());
  EXPECT_THROW(Value(UINT64_MAX).as_integer(), Error);
  EXPECT_THROW(Value(-1).as_unsigned(), Error);
  EXPECT_EQ(Value(-1).as_number(), -1.0);
  EXPECT_EQ(Value::parse("-0").to_string(), "-0");
}

TEST(Value, the_wrong_type_is_an_error_that_names_both) {
  try {
    Value("x").as_integer();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "JSON: wanted an integer, found a string");
  }
  EXPECT_THROW(Value(1).as_string(), Error);
  EXPECT_THROW(Value().as_array(), Error);
  EXPECT_THROW(Value::array({1})[1], Error);
}

// The examples of RFC 6901, section 5.
TEST(Value, json_pointers_lead_where_the_rfc_says) {
  const Value value =
      Value::parse(R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})");
  EXPECT_EQ(value.at(""), value);
  EXPECT_EQ(value.at("/foo").size(), 2u);
  EXPECT_EQ(value.at("/foo/0"), Value("bar"));
  EXPECT_EQ(value.at("/"), Value(0));
  EXPECT_EQ(value.at("/a~1b"), Value(1));
  EXPECT_EQ(value.at("/c%d"), Value(2));
  EXPECT_EQ(value.at("/i\\j"), Value(5));
  EXPECT_EQ(value.at("/k\"l"), Value(6));
  EXPECT_EQ(value.at("/ "), Value(7));
  EXPECT_EQ(value.at("/m~0n"), Value(8));
  for (const std::string_view pointer : {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/", "/foo/0/x", "/bar", "/a/b"}) {
    EXPECT_EQ(value.find_pointer(pointer), nullptr) << pointer;
  }
  EXPECT_THROW(value.at("/bar"), Error);
}

TEST(Value, equality_is_by_value_and_regardless_of_order) {
  EXPECT_EQ(Value::parse(R"({"a":1,"b":2})"), Value::parse(R"({"b":2,"a":1.0})"));
  EXPECT_NE(Value::parse("[1,2]"), Value::parse("[2,1]"));
  EXPECT_NE(Value::parse(R"({"a":1})"), Value::parse(R"({"a":1,"b":null})"));
  EXPECT_NE(Value("1"), Value(1));
  EXPECT_EQ(Value::parse("1e2"), Value(100));
}

TEST(Value, of_a_repeated_name_the_last_one_counts) {
  EXPECT_EQ(Value::parse(R"({"a":1,"b":2,"a":3,"a":4})").to_string(), R"({"b":2,"a":4})");
}

TEST(Value, indented_has_a_member_a_line_and_means_the_same) {
  const Value value = Value::parse(R"({"a":[1,{"b":"x\ny"}],"c":{},"d":[]})");
  const std::string text = indented(value);
  EXPECT_EQ(text, "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\ny\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n");
  EXPECT_EQ(Value::parse(text), value);
}

}  // namespace
}  // namespace marty::json
