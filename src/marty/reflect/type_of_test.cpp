#include "marty/reflect/type_of.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "marty/base/decimal.hpp"
#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"

namespace shop {

enum class Color : unsigned char { red, green = 3, blue = 200 };
enum class Change : std::int8_t { loss = -1, none, gain };
enum Unscoped { first, second };
enum class Http { ok = 200, not_found = 404 };
enum class Nothing {};
enum class LongerThanAShortString { yes };  // kept alive by its description: the leak sanitizer looks

struct Address {
  std::string street;
  std::string city = "Berlin";
};

struct Pool {
  int size = 10;
  bool eager = false;
};

struct Node {
  std::string name;
  std::vector<Node> children;
  std::unique_ptr<Node> next;
  std::map<std::string, Node> named;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_cursor;
};

struct Empty {};

struct Outer {
  struct Inner {
    int customer_name;
    int x;
  } inner;
};

// One field of each kind, with and without a default.
struct Defaults {
  int number;
  int number_set = 0;
  bool flag;
  bool flag_set = false;
  double fraction;
  double fraction_set = 0;
  unsigned char byte;
  unsigned char byte_set = 0x5A;  // the very byte that one sample is filled with
  Color color;
  Color color_set = Color::red;
  std::string text;
  std::string text_set = "x";
  marty::Id<struct Owner> id;
  marty::Timestamp at;
  marty::Timestamp at_set = marty::Timestamp(std::chrono::hours(1));
  marty::Decimal price;
  marty::Decimal price_set{12};
  std::vector<std::string> list;
  std::vector<std::string> list_set = {"a"};
  std::map<std::string, int> map;
  std::map<std::string, int> map_set = {{"a", 1}};
  std::optional<int> optional;
  std::unique_ptr<int> pointer;
  std::variant<int, std::string> variant;
  Address nested;                            // one of its fields is required
  Address nested_set = {"Main Street", ""};  // here it has a value, but now the city has none
  Pool all_defaults;
  std::array<int, 2> pair;
};

}  // namespace shop

template <>
struct marty::reflect::EnumRange<shop::Http> {
  static constexpr std::int64_t min = 100;
  static constexpr std::int64_t max = 599;
};

namespace marty::reflect {
namespace {

struct Hidden {
  int deep;
  shop::Address address;
};

using Names = std::vector<std::string_view>;

template <class T>
Names field_names() {
  Names names;
  for (const Field& field : type_of<T>().object().fields) names.push_back(field.name);
  return names;
}

template <class T>
std::vector<std::pair<std::string_view, std::int64_t>> enumerators() {
  std::vector<std::pair<std::string_view, std::int64_t>> all;
  for (const Enumerator& each : type_of<T>().enumeration().enumerators) all.emplace_back(each.name, each.value);
  return all;
}

TEST(TypeOf, fields_have_their_names_in_declaration_order) {
  EXPECT_EQ(field_names<shop::Address>(), (Names{"street", "city"}));
  EXPECT_EQ(field_names<Hidden>(), (Names{"deep", "address"})) << "of an anonymous namespace";
  EXPECT_EQ(field_names<shop::Outer::Inner>(), (Names{"customer_name", "x"})) << "of a nested struct";
  EXPECT_EQ(field_names<shop::Page<Hidden>>(), (Names{"items", "next_cursor"})) << "of a template";
  EXPECT_EQ(field_names<shop::Node>(), (Names{"name", "children", "next", "named"})) << "of a tree";
  EXPECT_EQ(field_names<shop::Empty>(), Names{});
  EXPECT_EQ(field_names<shop::Defaults>().size(), 28u);
}

TEST(TypeOf, a_struct_local_to_a_function_is_described_too) {
  struct Local {
    int a;
    std::string b;
  };
  EXPECT_EQ(field_names<Local>(), (Names{"a", "b"}));
  EXPECT_EQ(type_of<Local>().object().name, "Local");
}

TEST(TypeOf, the_name_of_a_struct_is_short_and_made_of_letters_and_digits) {
  EXPECT_EQ(type_of<shop::Address>().object().name, "Address");
  EXPECT_EQ(type_of<Hidden>().object().name, "Hidden");
  EXPECT_EQ(type_of<shop::Outer::Inner>().object().name, "Inner");
  EXPECT_EQ(type_of<shop::Page<shop::Address>>().object().name, "PageAddress");
  EXPECT_EQ(type_of<shop::Page<shop::Page<int>>>().object().name, "PagePageint");
  EXPECT_EQ(type_of<shop::Color>().enumeration().name, "Color");
  EXPECT_EQ(type_of<shop::LongerThanAShortString>().enumeration().name, "LongerThanAShortString");
  EXPECT_EQ(type_of<shop::Address>().name, "shop::Address");
}

TEST(TypeOf, a_field_is_found_by_name_and_leads_to_its_value) {
  shop::Address address{"Main Street", "Bonn"};
  const Object& object = type_of<shop::Address>().object();
  const Field* city = object.find("city");
  ASSERT_NE(city, nullptr);
  EXPECT_EQ(*static_cast<const std::string*>(city->in(&address)), "Bonn");
  EXPECT_EQ(object.find("cit"), nullptr);
  EXPECT_EQ(object.find(""), nullptr);
  for (const Field& field : type_of<shop::Defaults>().object().fields) {
    EXPECT_EQ(type_of<shop::Defaults>().object().find(field.name), &field) << field.name;
  }
}

TEST(TypeOf, a_field_with_an_initialiser_is_not_required) {
  Names required;
  for (const Field& field : type_of<shop::Defaults>().object().fields) {
    if (field.required) required.push_back(field.name);
  }
  EXPECT_EQ(required, (Names{"number", "flag", "fraction", "byte", "color", "text", "id", "at", "price", "list", "map",
                             "variant", "nested", "pair"}));
}

TEST(TypeOf, a_default_can_be_read) {
  const Object& object = type_of<shop::Defaults>().object();
  EXPECT_EQ(*static_cast<const std::string*>(object.find("text_set")->default_value), "x");
  EXPECT_EQ(*static_cast<const unsigned char*>(object.find("byte_set")->default_value), 0x5A);
  EXPECT_EQ(static_cast<const shop::Pool*>(object.find("all_defaults")->default_value)->size, 10);
  EXPECT_EQ(object.find("number")->default_value, nullptr);
  EXPECT_EQ(object.find("optional")->default_value, nullptr);
}

TEST(TypeOf, enumerators_have_their_names) {
  using Expected = std::vector<std::pair<std::string_view, std::int64_t>>;
  EXPECT_EQ(enumerators<shop::Color>(), (Expected{{"red", 0}, {"green", 3}, {"blue", 200}}));
  EXPECT_EQ(enumerators<shop::Change>(), (Expected{{"loss", -1}, {"none", 0}, {"gain", 1}}));
  EXPECT_EQ(enumerators<shop::Unscoped>(), (Expected{{"first", 0}, {"second", 1}}));
  EXPECT_EQ(enumerators<shop::Http>(), (Expected{{"ok", 200}, {"not_found", 404}}));
  EXPECT_EQ(enumerators<shop::Nothing>(), Expected{});
}

TEST(TypeOf, each_kind_of_type_is_told) {
  EXPECT_EQ(type_of<bool>().kind, Kind::boolean);
  EXPECT_EQ(type_of<std::uint16_t>().kind, Kind::integer);
  EXPECT_FALSE(type_of<std::uint16_t>().is_signed);
  EXPECT_EQ(type_of<std::uint16_t>().size, 2u);
  EXPECT_EQ(type_of<float>().kind, Kind::number);
  EXPECT_EQ(type_of<std::string>().kind, Kind::string);
  EXPECT_EQ(type_of<Uuid>().kind, Kind::text);
  EXPECT_EQ(type_of<Timestamp>().text->format, "date-time");
  EXPECT_EQ(type_of<std::deque<int>>().kind, Kind::sequence);
  EXPECT_EQ((type_of<std::array<int, 3>>().sequence->fixed_size), 3u);
  EXPECT_EQ((type_of<std::unordered_map<Uuid, int>>().map->key->kind), Kind::text);
  EXPECT_EQ(type_of<std::unique_ptr<shop::Node>>().element, &type_of<shop::Node>());
  EXPECT_EQ((type_of<std::variant<std::monostate, int>>().variant->alternatives[0]->kind), Kind::null);
  EXPECT_EQ(&type_of<const int>(), &type_of<int>());
}

TEST(TypeOf, containers_are_changed_through_their_operations) {
  std::vector<std::string> list;
  const SequenceOperations& sequence = *type_of<std::vector<std::string>>().sequence;
  *static_cast<std::string*>(sequence.append(&list)) = "a";
  EXPECT_EQ(list, std::vector<std::string>{"a"});

  std::map<std::string, int> map;
  const MapOperations& operations = *type_of<std::map<std::string, int>>().map;
  std::string key = "one", again = "one";
  *static_cast<int*>(operations.insert(&map, &key)) = 1;
  EXPECT_EQ(operations.insert(&map, &again), nullptr);
  EXPECT_EQ(map, (std::map<std::string, int>{{"one", 1}}));

  std::variant<int, std::string> variant;
  const VariantOperations& alternatives = *type_of<std::variant<int, std::string>>().variant;
  *static_cast<std::string*>(alternatives.emplace(&variant, 1)) = "b";
  EXPECT_EQ(std::get<std::string>(variant), "b");
  EXPECT_EQ(alternatives.get(&variant), &std::get<std::string>(variant));

  std::unique_ptr<int> pointer;
  const OptionalOperations& optional = *type_of<std::unique_ptr<int>>().optional;
  EXPECT_EQ(optional.get(&pointer), nullptr);
  *static_cast<int*>(optional.emplace(&pointer)) = 5;
  EXPECT_EQ(*pointer, 5);
  optional.reset(&pointer);
  EXPECT_EQ(pointer, nullptr);
}

struct Wide {
  int f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22;
  int f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44;
  int f45, f46, f47, f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63, f64;
};

TEST(TypeOf, a_struct_may_have_64_fields) {
  const Object& object = type_of<Wide>().object();
  EXPECT_EQ(object.fields.size(), 64u);
  EXPECT_EQ(object.find("f64")->offset, 63 * sizeof(int));
}

// rules_test.cpp has another struct of this name.
struct Twin {
  std::string first = "x";
  int second = 0;
  static constexpr auto rules = marty::rules(marty::field<&Twin::second>.range(0, 9));
};

TEST(TypeOf, tells_structs_apart_that_share_their_name_in_two_files) {
  EXPECT_NE(type_of<Twin>().object().find("second")->rules, nullptr);
  EXPECT_EQ(type_of<Twin>().object().find("first")->rules, nullptr);
}

}  // namespace
}  // namespace marty::reflect
