#include "marty/data/mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/data/filter.hpp"

namespace marty::data {
namespace {

enum class Colour : std::uint8_t { red, green };
struct Point {
  int x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};

template <class T>
Value bound(Parameters& parameters, const T& value) {
  parameters.add(value);
  return parameters.values().back();
}

template <class T>
T read(const Value& value) {
  T object{};
  read_value(reflect::type_of<T>(), value, "column", "Owner", &object);
  return object;
}

template <class T>
std::string refusal(const Value& value) {
  try {
    read<T>(value);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    return error.message();
  }
  return "not refused";
}

template <class T>
void expect_round_trip(const T& value) {
  Parameters parameters;
  EXPECT_EQ(read<T>(bound(parameters, value)), value);
}

TEST(Mapping, every_kind_comes_back_as_it_went) {
  expect_round_trip(true);
  expect_round_trip(std::numeric_limits<std::int64_t>::min());
  expect_round_trip(std::numeric_limits<std::uint32_t>::max());
  expect_round_trip(std::int8_t{-128});
  expect_round_trip(0.1);
  expect_round_trip(1.5f);
  expect_round_trip(std::string("a\0b", 3));
  expect_round_trip(Colour::green);
  expect_round_trip(Point{1, -2});
  expect_round_trip(std::vector<Point>{{1, 2}, {3, 4}});
  expect_round_trip(std::map<std::string, int>{{"a", 1}});
  expect_round_trip(std::variant<int, std::string>("x"));
  expect_round_trip(std::optional<int>(3));
  expect_round_trip(std::optional<int>());
  expect_round_trip(Decimal("-0.50"));
  expect_round_trip(Bytes(std::string_view("\0\xff", 2)));
  expect_round_trip(*parse_timestamp("2026-01-31T08:30:00.25Z"));
}

TEST(Mapping, forms_of_storage_are_fixed) {
  Parameters parameters;
  EXPECT_EQ(std::get<std::int64_t>(bound(parameters, true)), 1);
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, Colour::green)), "green");
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, Point{1, 2})), R"({"x":1,"y":2})");
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, Uuid{})), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(std::get<Blob>(bound(parameters, Bytes("ab"))).size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Null>(bound(parameters, std::optional<Bytes>())));
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, "literal")), "literal");
}

TEST(Mapping, timestamps_have_one_length) {
  Parameters parameters;
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, *parse_timestamp("2026-01-31T08:30:00Z"))),
            "2026-01-31T08:30:00.000000Z");
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, *parse_timestamp("2026-01-31T08:30:00.25Z"))),
            "2026-01-31T08:30:00.250000Z");
  EXPECT_EQ(std::get<std::string_view>(bound(parameters, *parse_timestamp("2026-01-31T08:30:00.000001Z"))),
            "2026-01-31T08:30:00.000001Z");
}

TEST(Mapping, an_unsigned_that_no_column_holds_is_refused) {
  Parameters parameters;
  try {
    parameters.add(std::numeric_limits<std::uint64_t>::max());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::out_of_range);
  }
}

TEST(Mapping, values_that_do_not_fit_are_refused_with_column_and_owner) {
  EXPECT_THAT(refusal<std::int8_t>(std::int64_t{128}),
              testing::AllOf(testing::HasSubstr("column"), testing::HasSubstr("Owner")));
  EXPECT_THAT(refusal<std::uint32_t>(std::int64_t{-1}), testing::HasSubstr("Owner"));
  EXPECT_THAT(refusal<std::uint64_t>(std::int64_t{-1}), testing::HasSubstr("Owner"));
  EXPECT_THAT(refusal<bool>(std::int64_t{2}), testing::HasSubstr("true or false"));
  EXPECT_THAT(refusal<int>(1.5), testing::HasSubstr("number"));
  EXPECT_THAT(refusal<int>(std::string_view("1")), testing::HasSubstr("text"));
  EXPECT_THAT(refusal<std::string>(std::int64_t{1}), testing::HasSubstr("integer"));
  EXPECT_THAT(refusal<std::string>(Null{}), testing::HasSubstr("null"));
  EXPECT_THAT(refusal<float>(1e300), testing::HasSubstr("Owner"));
  EXPECT_THAT(refusal<Colour>(std::string_view("blue")), testing::HasSubstr("Owner"));
  EXPECT_THAT(refusal<Uuid>(std::string_view("x")), testing::HasSubstr("Owner"));
  EXPECT_THAT(refusal<Point>(std::string_view("{\"x\":1}]")), testing::HasSubstr("JSON"));
  EXPECT_THAT(refusal<Bytes>(std::string_view("x")), testing::HasSubstr("Owner"));
}

TEST(Mapping, integers_are_read_as_numbers_but_not_the_other_way_round) {
  EXPECT_EQ(read<double>(std::int64_t{3}), 3.0);
  EXPECT_NE(refusal<std::int64_t>(3.0), "not refused");
}

TEST(RowReader, matches_columns_and_fields_by_name_in_any_order) {
  const std::string_view columns[] = {"y", "x"};
  const RowReader reader(reflect::type_of<Point>(), columns);
  const Value row[] = {std::int64_t{2}, std::int64_t{1}};
  Point point;
  reader.read(row, &point);
  EXPECT_EQ(point, (Point{1, 2}));
}

TEST(RowReader, refuses_columns_without_field_fields_without_column_and_columns_given_twice) {
  const auto refused = [](std::vector<std::string_view> columns) {
    try {
      const RowReader reader(reflect::type_of<Point>(), columns);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("not refused");
  };
  EXPECT_THAT(refused({"x", "y", "z"}), testing::HasSubstr("column z"));
  EXPECT_THAT(refused({"x"}), testing::HasSubstr("Point.y"));
  EXPECT_THAT(refused({"x", "y", "x"}), testing::HasSubstr("two columns"));
}

// filter_test.cpp has another struct of this name.
struct Twin {
  std::string first = "x";
  int second = 0;
};

TEST(Filter, names_the_fields_of_its_own_struct_in_this_file_too) {
  EXPECT_EQ((where<&Twin::second> == 1).condition.field->name, "second");
  const SortKey<Twin> key = descending<&Twin::first>;
  EXPECT_EQ(key.column.field->name, "first");
}

}  // namespace
}  // namespace marty::data
