#include "marty/json/json.hpp"

#include <map>
#include <optional>

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
}  // namespace shop

namespace marty::json {
namespace {

std::vector<FieldError> errors_of(auto parse) {
  try {
    parse();
  } catch (const Error& error) {
    return error.fields();
  }
  return {};
}

TEST(Json, what_was_written_reads_back_equal) {
  const std::string text =
      R"({"id":"7","color":"green","items":[{"sku":"a\"b","quantity":2}],"weight":1.5,"counts":{"x":3},"extra":{"a":[1,null,-2.5e+30]}})";
  EXPECT_EQ(to_string(parse<shop::Order>(text)), text);
}

TEST(Json, every_problem_is_listed_with_its_pointer) {
  const auto errors = errors_of([] {
    parse<shop::Order>(
        R"({"color":"gren","items":[{"sku":1,"quantity":100},{"skuu":"a"}],"weight":"x","id":"","id":""})");
  });
  std::vector<FieldError> expected = {
      {"/color", "must be one of red, green, blue; did you mean green?"},
      {"/items/0/sku", "must be a string, not a number"},
      {"/items/0/quantity", "must be at most 99"},
      {"/items/1/skuu", "is not a known field; did you mean sku?"},
      {"/items/1/sku", "is required"},
      {"/weight", "must be a number, not a string"},
      {"/id", "appears twice"},
  };
  EXPECT_EQ(errors, expected);
}

}  // namespace
}  // namespace marty::json
