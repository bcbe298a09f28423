// What a tree shows of itself, and what it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"

namespace marty::config {
namespace {

struct Inner {
  std::string path = "here";
  int token_limit = 3;
};
struct Shop {
  std::string name = "shop";
  std::optional<Secret> pin;
  std::string api_key;
  std::string url;
  Inner inner;
  std::map<std::string, Secret> keys;
  Duration token_ttl = std::chrono::seconds(5);
  std::string greeting = "hello";
  static constexpr auto rules =
      marty::rules(marty::field<&Shop::greeting>.reloadable().description("What is said first"),
                   marty::field<&Shop::keys>.optional(), marty::field<&Shop::api_key>.optional(),
                   marty::field<&Shop::url>.optional());
};
struct Engine {
  int speed = 1;
};

Tree shop_tree(std::string_view yaml, const Variables& variables = {}) {
  Tree tree = parse(yaml, "f.yaml", variables);
  tree.use_secrets([](std::string_view key) {
    return key == "shop/pin" ? Secret("hunter2") : throw Error(Code::not_found, "no store has it");
  });
  static_cast<void>(tree.bind<Shop>("shop"));
  static_cast<void>(tree.bind<Engine>("shop.engine"));
  tree.finish();
  return tree;
}

std::map<std::string, std::string> shown(const Tree& tree) {
  std::map<std::string, std::string> values;
  for (const Setting& setting : tree.settings()) values[setting.key] = setting.value + " @ " + setting.origin;
  return values;
}

TEST(Settings, are_all_keys_with_their_values_and_origins) {
  const auto values =
      shown(shop_tree("shop:\n  name: x\n  engine: {speed: 2}\n", {{"MARTY_SHOP__INNER__PATH", "there"}}));
  EXPECT_EQ(values.at("shop.name"), "x @ f.yaml:2");
  EXPECT_EQ(values.at("shop.inner.path"), "there @ MARTY_SHOP__INNER__PATH");
  EXPECT_EQ(values.at("shop.inner.token_limit"), "3 @ default");
  EXPECT_EQ(values.at("shop.token_ttl"), "5s @ default") << "a duration is no secret";
  EXPECT_EQ(values.at("shop.engine.speed"), "2 @ f.yaml:3");
  EXPECT_EQ(values.at("shop.pin"), " @ default");
}

TEST(Settings, show_references_to_secrets_as_they_are_written_and_no_secrets) {
  const Tree tree = shop_tree(
      "shop:\n  pin: '${SECRET:shop/pin}'\n  api_key: abc-plain\n"
      "  url: 'db://ann:${SECRET:shop/pin}@host/x'\n  keys: {a: 'def-plain', b: '${SECRET:shop/none:-ghi-plain}'}\n",
      {{"MARTY_SHOP__PIN", "${SECRET:shop/pin:-jkl-plain}"}});
  const auto values = shown(tree);
  EXPECT_EQ(values.at("shop.pin"), "${SECRET:shop/pin:-(not shown)} @ MARTY_SHOP__PIN");
  EXPECT_EQ(values.at("shop.api_key"), "(not shown) @ f.yaml:3");
  EXPECT_EQ(values.at("shop.url"), "\"db://ann:${SECRET:shop/pin}@host/x\" @ f.yaml:4");
  EXPECT_EQ(values.at("shop.keys"), "(not shown) @ f.yaml:5");
  const std::vector<Layer> layers = {{"f.yaml:2", "\"${SECRET:shop/pin}\""},
                                     {"MARTY_SHOP__PIN", "${SECRET:shop/pin:-(not shown)}"}};
  EXPECT_EQ(tree.explain("shop.pin"), layers);
  EXPECT_EQ(tree.explain("shop.keys.a").at(0).value, "(not shown)");
  for (const char* key : {"shop", "shop.keys", "shop.keys.b", "shop.url"}) {
    for (const Layer& layer : tree.explain(key)) EXPECT_THAT(layer.value, testing::Not(testing::HasSubstr("plain")));
  }
}

TEST(Settings, are_exact_for_programs) {
  const std::string long_text(100, 'x');
  const Tree tree = shop_tree("shop:\n  name: \"a\\nb \\\"c\\\"\"\n  greeting: " + long_text +
                                  "\n  inner: {token_limit: 0x10}\n  pin: '${SECRET:shop/pin}'\n  api_key: abc-plain\n"
                                  "  url: 'db://ann:pass@host'\n",
                              {{"MARTY_SHOP__ENGINE", "{speed: +7}"}});
  std::map<std::string, json::Value> exact;
  for (const Setting& setting : tree.settings()) exact[setting.key] = setting.exact;
  EXPECT_EQ(exact.at("shop.name"), json::Value("a\nb \"c\""));
  EXPECT_EQ(exact.at("shop.greeting"), json::Value(long_text));
  EXPECT_EQ(exact.at("shop.inner.token_limit"), json::Value(16));
  EXPECT_EQ(exact.at("shop.inner.path"), json::Value("here"));
  EXPECT_EQ(exact.at("shop.engine.speed"), json::Value(7));
  EXPECT_EQ(exact.at("shop.token_ttl"), json::Value("5s"));
  EXPECT_EQ(exact.at("shop.pin"), json::Value("${SECRET:shop/pin}"));
  EXPECT_EQ(exact.at("shop.api_key"), json::Value("(not shown)"));
  EXPECT_EQ(exact.at("shop.url"), json::Value("db://ann:(not shown)@host"));
  for (const Setting& setting : shop_tree("").settings())
    EXPECT_EQ(setting.exact.is_null(), setting.value.empty()) << setting.key;
}

TEST(Explain, is_exact_for_programs) {
  const std::string long_text(100, 'x');
  const Tree tree = shop_tree("shop:\n  name: \"a\\nb \\\"c\\\"\"\n  greeting: " + long_text +
                                  "\n  inner: {token_limit: 0x10, path: '7'}\n  pin: hunter1\n  api_key: abc-plain\n"
                                  "  url: 'db://ann:pass@host'\n  keys: {a: def-plain}\n",
                              {{"MARTY_SHOP__NAME", "'d'"},
                               {"MARTY_SHOP__INNER__TOKEN_LIMIT", "17"},
                               {"MARTY_SHOP__PIN", "${SECRET:shop/pin}"}});
  using Layers = std::vector<ExactLayer>;
  EXPECT_EQ(tree.explain_exactly("shop.name"), (Layers{{"f.yaml:2", "a\nb \"c\""}, {"MARTY_SHOP__NAME", "'d'"}}));
  EXPECT_EQ(tree.explain_exactly("shop.greeting"), (Layers{{"f.yaml:3", long_text}}));
  EXPECT_EQ(tree.explain_exactly("shop.inner.token_limit"),
            (Layers{{"f.yaml:4", 16}, {"MARTY_SHOP__INNER__TOKEN_LIMIT", 17}}));
  EXPECT_EQ(tree.explain_exactly("shop.inner"),
            (Layers{{"f.yaml:4", json::Value::object({{"token_limit", 17}, {"path", "7"}})}}));
  EXPECT_EQ(tree.explain_exactly("shop.pin"),
            (Layers{{"f.yaml:5", "(not shown)"}, {"MARTY_SHOP__PIN", "${SECRET:shop/pin}"}}));
  EXPECT_EQ(tree.explain_exactly("shop.api_key"), (Layers{{"f.yaml:6", "(not shown)"}}));
  EXPECT_EQ(tree.explain_exactly("shop.url"), (Layers{{"f.yaml:7", "db://ann:(not shown)@host"}}));
  EXPECT_EQ(tree.explain_exactly("shop.keys.a"), (Layers{{"f.yaml:8", "(not shown)"}}));
  EXPECT_TRUE(tree.explain_exactly("shop.token_ttl").empty());
  const json::Value whole = tree.explain_exactly("shop").at(0).value;
  EXPECT_THAT(whole.to_string(),
              testing::AllOf(testing::HasSubstr(long_text), testing::Not(testing::HasSubstr("plain")),
                             testing::Not(testing::HasSubstr("hunter"))));
}

TEST(Settings, tell_what_may_change) {
  for (const Setting& setting : shop_tree("").settings())
    EXPECT_EQ(setting.reloadable, setting.key == "shop.greeting") << setting.key;
}

TEST(Schema, describes_the_sections_and_closes_them) {
  const json::Value schema = shop_tree("").schema();
  EXPECT_EQ(schema.at("/properties/shop/properties/greeting/default").as_string(), "hello");
  EXPECT_EQ(schema.at("/properties/shop/properties/greeting/description").as_string(), "What is said first");
  EXPECT_EQ(schema.at("/properties/shop/properties/engine/properties/speed/type").as_string(), "integer");
  EXPECT_FALSE(schema.at("/properties/shop/additionalProperties").as_boolean());
  EXPECT_FALSE(schema.at("/additionalProperties").as_boolean());
  EXPECT_TRUE(schema.at("/properties/shop/properties/pin/writeOnly").as_boolean());
}

TEST(ProblemList, says_the_same_as_the_error) {
  Tree tree = parse("shop:\n  name: [x]\n  nam: y\n", "f.yaml");
  static_cast<void>(tree.bind<Shop>("shop"));
  static_cast<void>(tree.bind<Shop>("shop"));
  const std::vector<Problem> expected = {{"f.yaml:2", "shop.name", "must be a string, not [x]"},
                                         {"f.yaml:3", "shop.nam", "is not a known key; did you mean shop.name?"}};
  EXPECT_EQ(tree.problems(), expected);
  EXPECT_THROW(tree.finish(), Error);
}

TEST(Text, gives_a_value_before_its_section_is_bound) {
  Tree tree = parse("shop: {name: '${NAME}'}", "f.yaml", {{"NAME", "x"}});
  EXPECT_EQ(tree.text("shop.name"), "x");
  EXPECT_EQ(tree.text("shop.none"), "");
}

}  // namespace
}  // namespace marty::config
