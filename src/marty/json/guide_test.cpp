// The examples of docs/guide/json.md and docs/guide/validation.md, which are cut from here.
#include <map>
#include <optional>

#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/json/json.hpp"
#include "marty/json/schema.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/validate.hpp"

namespace guide {

namespace json = marty::json;
using marty::Decimal;
using marty::Timestamp;

// [order]
enum class Status { placed, paid, shipped };

struct Item {
  std::string sku;
  int quantity = 1;
  Decimal price;
};

struct Order {
  marty::Id<Order> id;
  Timestamp placed_at;
  Status status = Status::placed;
  std::vector<Item> items;
  std::map<std::string, std::string> labels = {{"channel", "web"}};
  std::optional<std::string> note;
};
// [/order]

constexpr std::string_view kText = R"({"id":"018f4e6e-4a5b-7c1d-8e2f-0123456789ab","placed_at":"2026-01-31T09:30:00Z",)"
                                   R"("items":[{"sku":"DOG-FOOD","price":"54.90"}]})";

// [variant]
struct Card {
  static constexpr std::string_view tag = "card";
  std::string number;
};
struct Transfer {
  static constexpr std::string_view tag = "transfer";
  std::string iban;
};
using Payment = std::variant<Card, Transfer>;  // {"type": "card", "number": "4711"}
// [/variant]

struct Isbn {
  std::string digits;
};

// [rules]
struct NewPet {
  std::string name;
  std::string species;
  int age_months = 0;  // a default makes a field optional on input

  static constexpr auto rules = marty::rules(
      marty::describe("A pet to be added"),
      marty::field<&NewPet::name>.length(1, 80).example("Rex").description("What the owner calls it"),
      marty::field<&NewPet::species>.one_of("dog", "cat", "parrot"), marty::field<&NewPet::age_months>.range(0, 600));
};
// [/rules]

// [check]
struct Booking {
  Timestamp from;
  Timestamp until;

  void check(marty::Problems& problems) const {
    if (until <= from) problems.add("/until", "must be after from");
  }
};
// [/check]

}  // namespace guide

// [text-of]
template <>
struct marty::Text<guide::Isbn> {
  static constexpr std::string_view format = "isbn";                          // "format" in JSON Schema
  static constexpr std::string_view expected = "an ISBN of thirteen digits";  // completes "must be ..."
  static void append(std::string& out, const guide::Isbn& isbn) { out += isbn.digits; }
  static bool parse(std::string_view text, guide::Isbn& isbn) {
    if (text.size() != 13 || text.find_first_not_of("0123456789") != text.npos) return false;
    isbn.digits = text;
    return true;
  }
};
// [/text-of]

namespace guide {
namespace {

TEST(Guide, an_order_is_read_and_written) {
  const std::string_view text = kText;
  // [parse]
  const Order order = json::parse<Order>(text);
  const std::string written = json::to_string(order);
  // [/parse]
  EXPECT_EQ(order.items[0].quantity, 1);
  EXPECT_EQ(json::to_string(json::parse<Order>(written)), written);
}

TEST(Guide, a_variant_is_told_by_its_tag) {
  EXPECT_EQ(json::to_string(Payment(Transfer{"DE02"})), R"({"type":"transfer","iban":"DE02"})");
  EXPECT_EQ(json::parse<Isbn>("\"9783161484100\"").digits, "9783161484100");
}

TEST(Guide, a_value_has_any_shape) {
  // [value]
  json::Value value = json::Value::parse(R"({"tags": ["a", "b"], "size": 3})");
  const std::int64_t size = value["size"].as_integer();
  const std::string& second = value.at("/tags/1").as_string();  // JSON Pointer
  value["owner"]["name"] = "Kim";                               // appears as it is written to
  // [/value]
  EXPECT_EQ(size, 3);
  EXPECT_EQ(second, "b");
  EXPECT_EQ(value.to_string(), R"({"tags":["a","b"],"size":3,"owner":{"name":"Kim"}})");
}

TEST(Guide, all_problems_come_at_once) {
  std::vector<marty::FieldError> fields;
  // [errors]
  try {
    json::parse<NewPet>(R"({"name": "", "species": "dgo", "age": 3})");
  } catch (const marty::Error& error) {
    fields = error.fields();
  }
  // /name     must have 1 to 80 characters
  // /species  must be one of dog, cat, parrot; did you mean dog?
  // /age      is not a known field
  // [/errors]
  const std::vector<marty::FieldError> expected = {
      {"/name", "must have 1 to 80 characters"},
      {"/species", "must be one of dog, cat, parrot; did you mean dog?"},
      {"/age", "is not a known field"},
  };
  EXPECT_EQ(fields, expected);
}

TEST(Guide, an_object_is_validated_without_any_text) {
  // [validate]
  const NewPet pet{"Rex", "dog", 700};
  const std::vector<marty::FieldError> problems = marty::reflect::validate(pet);
  // [/validate]
  EXPECT_EQ(problems, (std::vector<marty::FieldError>{{"/age_months", "must be at most 600"}}));
  const Booking never{Timestamp(std::chrono::seconds(5)), Timestamp(std::chrono::seconds(5))};
  EXPECT_EQ(marty::reflect::validate(never).size(), 1u);
}

TEST(Guide, the_schema_comes_from_the_struct) {
  // [schema]
  const json::Value schema = json::schema<NewPet>();
  // [/schema]
  EXPECT_EQ(schema.at("/$defs/NewPet/properties/name/maxLength"), json::Value(80));
}

}  // namespace
}  // namespace guide
