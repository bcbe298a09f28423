#include "marty/reflect/type_of.hpp"
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include "marty/reflect/scalar.hpp"
#include "marty/reflect/validate.hpp"
namespace shop {
enum class Color : unsigned char { red, green = 3, blue = 250 };
enum Old { old_a, old_b };
struct Inner {
  int a;
  int b = 4;
};
struct AllDefault {
  int a = 1;
  bool b = false;
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
  std::optional<std::string> next;
};
struct Pet {
  std::string name;
  int age = 0;
  int weight;
  Color color;
  Color other = Color::green;
  Inner inner;
  AllDefault conf;
  bool flag;
  double d = 1.5;
  std::variant<int, std::string> v;
  std::array<int, 2> arr;
  std::optional<int> maybe;
  static constexpr auto rules =
      marty::rules(marty::describe("A pet"), marty::field<&Pet::name>.length(1, 5).example("Rex"),
                   marty::field<&Pet::age>.range(0, 600));
};
}  // namespace shop
namespace marty::reflect {
namespace {
struct Hidden {
  int deep;
  shop::Inner inner;
};
TEST(TypeOf, works) {
  const Type& t = type_of<shop::Pet>();
  EXPECT_EQ(t.name, "shop::Pet");
  EXPECT_EQ(type_of<Hidden>().object().fields[0].name, "deep");
  EXPECT_EQ(type_of<Hidden>().object().name, "Hidden");
  EXPECT_EQ(type_of<shop::Page<shop::Pet>>().object().name, "PagePet");
  EXPECT_EQ(type_of<shop::Node>().object().fields.size(), 4u);
  EXPECT_EQ(type_of<shop::Old>().enumeration().enumerators.size(), 2u);
  EXPECT_NE(t.object().find("weight"), nullptr);
  shop::Pet p{};
  p.age = 700;
  p.name = "toolong";
}
}  // namespace
}  // namespace marty::reflect
