#include "marty/data/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/base/uuid.hpp"

namespace marty::data {
namespace {

enum class Size : std::uint8_t { small, large };
struct Pet {
  Uuid id;
  std::string name;
  Size size = Size::small;
  int age_months = 0;
  std::optional<std::string> owner;
  std::vector<std::string> tags;
};

template <class Function>
std::string refusal(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    return error.message();
  }
  return "not refused";
}

TEST(Filter, knows_field_operator_and_value) {
  const Condition condition = (where<&Pet::age_months> >= 12).condition;
  EXPECT_EQ(condition.field->name, "age_months");
  EXPECT_EQ(condition.operation, Operator::greater_equal);
  EXPECT_EQ(condition.values, std::vector<OwnedValue>{std::int64_t{12}});
}

TEST(Filter, values_are_stored_as_their_column_has_them) {
  EXPECT_EQ((where<&Pet::size> == Size::large).condition.values.at(0), OwnedValue(std::string("large")));
  EXPECT_EQ((where<&Pet::owner> == "Kim").condition.values.at(0), OwnedValue(std::string("Kim")));
  EXPECT_EQ((where<&Pet::id> == Uuid{}).condition.values.at(0),
            OwnedValue(std::string("00000000-0000-0000-0000-000000000000")));
}

TEST(Filter, an_empty_optional_leaves_the_condition_out_and_nullopt_asks_for_null) {
  EXPECT_EQ((where<&Pet::name> == std::optional<std::string>()).condition.field, nullptr);
  EXPECT_EQ((where<&Pet::name> == std::optional<std::string>("Rex")).condition.values.size(), 1u);
  EXPECT_EQ((where<&Pet::owner> == std::nullopt).condition.operation, Operator::is_null);
  EXPECT_EQ((where<&Pet::owner> != std::nullopt).condition.operation, Operator::is_not_null);
}

TEST(Filter, from_texts_refuses_unknown_fields_operators_and_values) {
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("age_month", "eq", "1"); }), testing::HasSubstr("'age_months'"));
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("age_months", "eqq", "1"); }), testing::HasSubstr("'eq'"));
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("age_months", "eq", "x"); }), testing::HasSubstr("integer"));
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("size", "eq", "huge"); }), testing::HasSubstr("small"));
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("tags", "eq", "x"); }), testing::HasSubstr("tags"));
  EXPECT_THAT(refusal([] { Filter<Pet>::parse("owner", "is_null", "maybe"); }), testing::HasSubstr("true or false"));
}

TEST(Filter, in_takes_values_between_commas) {
  const Condition condition = Filter<Pet>::parse("age_months", "in", "1,2,3").condition;
  EXPECT_EQ(condition.values, (std::vector<OwnedValue>{std::int64_t{1}, std::int64_t{2}, std::int64_t{3}}));
}

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string password_hash;

  static constexpr auto rules = marty::rules(marty::field<&User::password_hash>.write_only());
};

TEST(Filter, from_texts_knows_no_field_that_is_never_shown) {
  for (const char* field : {"password_hash", "password_has"}) {
    const std::string said = refusal([&] { Filter<User>::parse(field, "starts_with", "a"); });
    EXPECT_THAT(said, testing::HasSubstr("there is no field"));
    EXPECT_THAT(said, testing::Not(testing::HasSubstr("did you mean 'password_hash'")));
  }
  EXPECT_THAT(refusal([] { SortKey<User>::parse("-password_hash"); }), testing::HasSubstr("there is no field"));
  EXPECT_NE((where<&User::password_hash> == "abc").condition.field, nullptr);  // the program's own business
}

TEST(Filter, and_a_sort_key_name_the_parameter_that_is_wrong) {
  const auto fields = [](auto&& parse) -> std::vector<FieldError> {
    try {
      parse();
    } catch (const Error& error) {
      return error.fields();
    }
    return {};
  };
  const auto place = [&](auto&& parse) {
    const std::vector<FieldError> wrong = fields(parse);
    return wrong.size() == 1 ? wrong[0].pointer : std::to_string(wrong.size()) + " fields";
  };
  EXPECT_EQ(place([] { SortKey<Pet>::parse("-nope"); }), "query.sort");
  EXPECT_EQ(place([] { SortKey<Pet>::parse("name,tags", "query.order"); }), "query.order");
  EXPECT_EQ(place([] { Filter<Pet>::parse("nope", "eq", "1"); }), "query.nope");
  EXPECT_EQ(place([] { Filter<Pet>::parse("tags", "eq", "1"); }), "query.tags");
  EXPECT_EQ(place([] { Filter<Pet>::parse("age_months", "eqq", "1"); }), "query.age_months");
  EXPECT_EQ(place([] { Filter<Pet>::parse("age_months", "in", "1,x"); }), "query.age_months");
  EXPECT_EQ(place([] { Filter<Pet>::parse("age_months", "starts_with", "1"); }), "query.age_months");
  EXPECT_EQ(place([] { Filter<Pet>::parse("owner", "is_null", "maybe"); }), "query.owner");
}

TEST(SortKey, reads_fields_and_directions) {
  const auto keys = SortKey<Pet>::parse("-age_months,name");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].column.field->name, "age_months");
  EXPECT_TRUE(keys[0].column.descending);
  EXPECT_FALSE(keys[1].column.descending);
  EXPECT_TRUE(SortKey<Pet>::parse("").empty());
  EXPECT_THAT(refusal([] { SortKey<Pet>::parse("nme"); }), testing::HasSubstr("'name'"));
  EXPECT_THAT(refusal([] { SortKey<Pet>::parse("name,"); }), testing::HasSubstr("no field"));
  EXPECT_THAT(refusal([] { SortKey<Pet>::parse("tags"); }), testing::HasSubstr("tags"));
}

// mapping_test.cpp has another struct of this name.
struct Twin {
  int second = 0;
  std::string first = "x";
};

TEST(Filter, names_the_fields_of_its_own_struct) {
  EXPECT_EQ((where<&Twin::second> == 1).condition.field->name, "second");
  const SortKey<Twin> key = descending<&Twin::first>;
  EXPECT_EQ(key.column.field->name, "first");
}

}  // namespace
}  // namespace marty::data
