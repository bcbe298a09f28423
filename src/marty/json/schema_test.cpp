#include "marty/json/schema.hpp"

#include <map>
#include <memory>
#include <optional>

#include "marty/base/bytes.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"

namespace schema_test {

enum class Species { dog, cat };

struct Owner {
  std::string name;
  std::string email;
  static constexpr auto rules =
      marty::rules(marty::describe("Who keeps the pet"), marty::field<&Owner::email>.format("email").optional());
};

struct Pet {
  marty::Id<Pet> id;
  std::string name;
  Species species = Species::dog;
  int age_months = 0;
  std::optional<double> weight_kg;
  std::vector<std::string> tags;
  std::map<std::string, Owner> owners;
  std::vector<Pet> puppies;
  std::string secret = "none";

  static constexpr auto rules =
      marty::rules(marty::field<&Pet::id>.read_only(),
                   marty::field<&Pet::name>.length(1, 80).pattern("^[A-Z]").example("Rex").title("Name").description(
                       "How it is called"),
                   marty::field<&Pet::age_months>.range(0, 600).example(18),  //
                   marty::field<&Pet::weight_kg>.greater_than(0).less_than(99.5).deprecated(),
                   marty::field<&Pet::tags>.max_items(10).unique().optional(),  //
                   marty::field<&Pet::owners>.items(1, 5), marty::field<&Pet::puppies>.optional(),
                   marty::field<&Pet::secret>.one_of("none", "some").write_only());
};

struct Circle {
  static constexpr std::string_view tag = "circle";
  double radius = 1;
};
struct Square {
  static constexpr std::string_view tag = "square";
  float side = 1;
};

struct Shapes {
  std::variant<Circle, Square> shape;
  std::variant<std::monostate, std::int8_t, std::string> loose;
  std::array<std::optional<bool>, 2> pair{};
  std::uint64_t large = 0;
  marty::Bytes photo;
  marty::Timestamp at;
  marty::json::Value anything;
  std::map<Species, int> counts;
};

namespace other {
struct Owner {
  int number = 0;
};
}  // namespace other

struct TwoOwners {
  Owner first;
  other::Owner second;
};

}  // namespace schema_test

namespace marty::json {
namespace {

TEST(Schema, says_everything_that_the_struct_and_its_rules_say) {
  const Value expected = Value::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/$defs/Pet",
    "$defs": {
      "Pet": {
        "type": "object",
        "properties": {
          "id": {"type": "string", "format": "uuid", "readOnly": true},
          "name": {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[A-Z]", "title": "Name",
                   "description": "How it is called", "examples": ["Rex"]},
          "species": {"$ref": "#/$defs/Species", "default": "dog"},
          "age_months": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 600, "examples": [18], "default": 0},
          "weight_kg": {"type": "number", "format": "double", "exclusiveMinimum": 0, "exclusiveMaximum": 99.5, "deprecated": true},
          "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10, "uniqueItems": true},
          "owners": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Owner"}, "minProperties": 1, "maxProperties": 5},
          "puppies": {"type": "array", "items": {"$ref": "#/$defs/Pet"}},
          "secret": {"type": "string", "enum": ["none", "some"], "writeOnly": true, "default": "none"}
        },
        "required": ["id", "name", "owners"],
        "additionalProperties": false
      },
      "Species": {"type": "string", "enum": ["dog", "cat"]},
      "Owner": {
        "type": "object",
        "description": "Who keeps the pet",
        "properties": {"name": {"type": "string"}, "email": {"type": "string", "format": "email"}},
        "required": ["name"],
        "additionalProperties": false
      }
    }
  })");
  EXPECT_EQ(schema<schema_test::Pet>(), expected) << schema<schema_test::Pet>().to_string();
}

TEST(Schema, variants_and_special_types_have_their_schemas) {
  Schemas schemas("#/components/schemas/");
  EXPECT_EQ(schemas.of(reflect::type_of<schema_test::Shapes>()),
            Value::parse(R"({"$ref":"#/components/schemas/Shapes"})"));
  const Value definitions = schemas.definitions();
  const Value expected = Value::parse(R"({
    "shape": {
      "oneOf": [{"$ref": "#/components/schemas/Circle"}, {"$ref": "#/components/schemas/Square"}],
      "discriminator": {"propertyName": "type", "mapping": {
        "circle": "#/components/schemas/Circle", "square": "#/components/schemas/Square"}}
    },
    "loose": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": -128, "maximum": 127}, {"type": "string"}]},
    "pair": {"type": "array", "items": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "minItems": 2, "maxItems": 2},
    "large": {"type": "integer", "minimum": 0, "default": 0},
    "photo": {"type": "string", "contentEncoding": "base64"},
    "at": {"type": "string", "format": "date-time"},
    "anything": {},
    "counts": {"type": "object", "additionalProperties": {"type": "integer", "format": "int32"},
               "propertyNames": {"$ref": "#/components/schemas/Species"}}
  })");
  EXPECT_EQ(definitions.at("/Shapes/properties"), expected) << definitions.to_string();
  EXPECT_EQ(definitions.at("/Circle"), Value::parse(R"({
    "type": "object",
    "properties": {"type": {"type": "string", "const": "circle"}, "radius": {"type": "number", "format": "double", "default": 1.0}},
    "required": ["type"],
    "additionalProperties": false})"));
}

TEST(Schema, two_types_of_one_name_get_two_definitions) {
  const Value document = schema<schema_test::TwoOwners>();
  EXPECT_EQ(document.at("/$defs/TwoOwners/properties/first/$ref"), Value("#/$defs/Owner"));
  EXPECT_EQ(document.at("/$defs/TwoOwners/properties/second/$ref"), Value("#/$defs/schema_test.other.Owner"));
  EXPECT_EQ(document.at("/$defs").size(), 3u);
}

TEST(Schema, a_scalar_needs_no_definitions) {
  EXPECT_EQ(schema<bool>(),
            Value::parse(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"boolean"})"));
}

}  // namespace
}  // namespace marty::json
