#include "marty/config/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"

namespace marty::config {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Limits {
  int low = 1;
  int high = 10;
  static constexpr auto rules = marty::rules(marty::field<&Limits::high>.range(1, 1000).reloadable());
  void check(Problems& problems) const {
    if (high < low) problems.add("/high", "must not be below low");
  }
};
struct Shop {
  std::string name = "shop";
  std::string greeting = "hello";
  Limits limits;
  std::optional<Limits> more;
  std::map<std::string, int> prices;
  std::optional<Secret> token;
  static constexpr auto rules =
      marty::rules(marty::field<&Shop::greeting>.reloadable(), marty::field<&Shop::prices>.optional().reloadable(),
                   marty::field<&Shop::token>.reloadable());
};

class ConfigurationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-live-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(std::string_view text, const std::string& name = "base.yaml") const {
    std::ofstream(folder / name) << text;
  }
  // Runs `body` with a configuration that is not started.
  void with(const std::function<void(Configuration&)>& body, int loops = 1) const {
    runtime::World::real({.loops = loops})->run([&] {
      Configuration configuration({.directory = folder.string()});
      body(configuration);
    });
  }
  // What reload() throws.
  static std::string refusal(Configuration& configuration) {
    try {
      configuration.reload();
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  std::filesystem::path folder;
};

TEST_F(ConfigurationTest, gives_what_is_written_now) {
  write("shop: {greeting: hello}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    EXPECT_EQ(configuration.generation(), 1U);
    EXPECT_EQ(shop->greeting, "hello");
    write("shop: {greeting: good day, prices: {apple: 3}}");
    const Reload reload = configuration.reload();
    EXPECT_TRUE(reload.changed);
    EXPECT_EQ(reload.generation, 2U);
    EXPECT_EQ(shop->greeting, "good day");
    EXPECT_EQ(shop->prices.at("apple"), 3);
  });
}

TEST_F(ConfigurationTest, has_no_new_generation_where_nothing_is_written_otherwise) {
  write("shop: {greeting: hello}");
  with([&](Configuration& configuration) {
    configuration.section<Shop>("shop");
    configuration.start();
    write("# a comment\nshop:\n  greeting: hello\n");
    EXPECT_FALSE(configuration.reload().changed);
    EXPECT_EQ(configuration.generation(), 1U);
  });
}

TEST_F(ConfigurationTest, keeps_what_must_not_change_and_says_that_it_needs_a_restart) {
  write("shop: {name: one, greeting: hello, limits: {low: 2, high: 5}}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    write("shop: {name: two, greeting: good day, limits: {low: 3, high: 6}, more: {low: 1}}");
    const Reload reload = configuration.reload();
    EXPECT_THAT(reload.needs_restart, testing::ElementsAre("shop.name", "shop.limits.low", "shop.more"));
    EXPECT_EQ(shop->name, "one");
    EXPECT_EQ(shop->greeting, "good day");
    EXPECT_EQ(shop->limits.low, 2);
    EXPECT_EQ(shop->limits.high, 6);
    EXPECT_FALSE(shop->more);
    write("shop: {greeting: good day}");
    EXPECT_THAT(configuration.reload().needs_restart, testing::ElementsAre("shop.name", "shop.limits.low"));
    EXPECT_EQ(shop->name, "one");
    EXPECT_EQ(shop->limits.high, 10);
    write("shop: {name: one, greeting: good day, limits: {low: 2}}");
    EXPECT_THAT(configuration.reload().needs_restart, testing::IsEmpty());
  });
}

TEST_F(ConfigurationTest, sections_with_nothing_in_them_stay_as_they_are) {
  write("shop:\n  more:\n  limits:\n");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    EXPECT_FALSE(configuration.reload().changed);
    write("shop:\n  greeting: good day\n  more:\n  limits:\n");
    EXPECT_TRUE(configuration.reload().changed);
    EXPECT_FALSE(shop->more);
  });
}

TEST_F(ConfigurationTest, an_optional_section_comes_or_goes_as_a_whole) {
  write("shop: {greeting: hello}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    write("shop: {greeting: hello, more: {high: 5}}");
    EXPECT_THAT(configuration.reload().needs_restart, testing::ElementsAre("shop.more"));
    EXPECT_FALSE(shop->more);
  });
}

TEST_F(ConfigurationTest, a_commit_that_throws_keeps_nobody_from_following) {
  write("shop: {greeting: one}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    std::string followed;
    configuration.subscribe("clumsy", [](const Generation&) { return [] { throw std::out_of_range("oh"); }; });
    configuration.subscribe(
        "careful", [&](const Generation& next) { return [&, text = shop.in(next).greeting] { followed = text; }; });
    configuration.start();
    write("shop: {greeting: two}");
    EXPECT_TRUE(configuration.reload().changed);
    EXPECT_EQ(followed, "two");
  });
}

TEST_F(ConfigurationTest, whatever_a_subscriber_throws_is_a_refusal) {
  write("shop: {greeting: one}");
  with([&](Configuration& configuration) {
    configuration.section<Shop>("shop");
    bool refuses = false;
    configuration.subscribe("clumsy", [&](const Generation&) -> Configuration::Commit {
      if (refuses) throw std::out_of_range("oh");
      return {};
    });
    configuration.start();
    refuses = true;
    write("shop: {greeting: two}");
    EXPECT_EQ(refusal(configuration), "clumsy refuses the configuration: oh");
  });
}

TEST_F(ConfigurationTest, checks_the_mixture_of_old_and_new) {
  write("shop: {limits: {low: 5, high: 8}}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    write("shop: {limits: {low: 1, high: 3}}");
    EXPECT_THAT(refusal(configuration), HasSubstr("shop.limits.high must not be below low"));
    EXPECT_EQ(shop->limits.high, 8);
  });
}

TEST_F(ConfigurationTest, stays_as_it_is_where_the_files_are_wrong) {
  write("shop: {greeting: hello}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    for (const auto& [text, reason] : std::map<std::string, std::string>{
             {"shop: {greeting: [", "not valid YAML"},
             {"shop: {greting: x}", "base.yaml:1: shop.greting is not a known key; did you mean shop.greeting?"},
             {"shop: {limits: {high: 5000}}", "base.yaml:1: shop.limits.high must be an integer from 1 to 1000"},
             {"shop: {greeting: '${NOPE}'}", "base.yaml:1: shop.greeting needs the environment variable NOPE"},
             {"shop: {token: '${SECRET:a}'}", "base.yaml:1: shop.token needs the secret a, and secrets cannot"}}) {
      write(text);
      EXPECT_THAT(refusal(configuration), HasSubstr(reason));
      EXPECT_EQ(configuration.generation(), 1U);
      EXPECT_EQ(shop->greeting, "hello");
    }
  });
}

TEST_F(ConfigurationTest, offers_a_generation_to_all_before_anyone_has_it) {
  write("shop: {greeting: one}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    std::vector<std::string> seen;
    for (const std::string name : {"first", "second"}) {
      configuration.subscribe(name, [&, name](const Generation& next) -> Configuration::Commit {
        const std::string now = configuration.started() ? shop->greeting : "nothing";
        const std::string offered = shop.in(next).greeting;
        seen.push_back(name + " is offered " + offered + " over " + now);
        if (offered == "bad" && name == "second") throw Error(Code::invalid_argument, "that is no greeting");
        return [&, name] { seen.push_back(name + " has " + shop->greeting); };
      });
    }
    configuration.start();
    EXPECT_THAT(seen, testing::ElementsAre("first is offered one over nothing", "second is offered one over nothing",
                                           "first has one", "second has one"));
    seen.clear();
    write("shop: {greeting: bad}");
    EXPECT_EQ(refusal(configuration), "second refuses the configuration: that is no greeting");
    EXPECT_THAT(seen, testing::ElementsAre("first is offered bad over one", "second is offered bad over one"));
    EXPECT_EQ(shop->greeting, "one");
    seen.clear();
    write("shop: {greeting: two}");
    configuration.reload();
    EXPECT_THAT(seen, testing::ElementsAre("first is offered two over one", "second is offered two over one",
                                           "first has two", "second has two"));
  });
}

TEST_F(ConfigurationTest, a_context_with_a_pin_sees_one_generation_to_its_end) {
  write("shop: {greeting: one}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    telemetry::Context context;
    context.generation = configuration.pin();
    {
      const telemetry::ContextScope scope(context);
      const std::string& greeting = shop->greeting;
      write("shop: {greeting: two}");
      runtime::spawn([&] { configuration.reload(); }).join();
      EXPECT_EQ(shop->greeting, "one");
      EXPECT_EQ(greeting, "one");
      EXPECT_EQ(runtime::spawn([&] { return shop->greeting; }).join(), "one") << "children belong to the request";
    }
    EXPECT_EQ(shop->greeting, "two");
  });
}

TEST_F(ConfigurationTest, reads_secrets_and_sees_their_rotation) {
  write("shop: {token: '${SECRET:shop/token}'}");
  with([&](Configuration& configuration) {
    std::string stored = "first";
    const auto shop = configuration.section<Shop>("shop");
    configuration.use_secrets([&](Tree&) -> FindSecret {
      return [&](std::string_view key) {
        return key == "shop/token" ? Secret(stored) : throw Error(Code::not_found, "no store has it");
      };
    });
    configuration.start();
    EXPECT_EQ(shop->token->reveal(), "first");
    EXPECT_FALSE(configuration.reload().changed);
    stored = "second";
    EXPECT_TRUE(configuration.reload().changed);
    EXPECT_EQ(shop->token->reveal(), "second");
    write("shop: {token: '${SECRET:shop/other}'}");
    EXPECT_THAT(refusal(configuration), HasSubstr("shop.token needs the secret shop/other: no store has it"));
  });
}

TEST_F(ConfigurationTest, refuses_a_section_of_two_types) {
  with([&](Configuration& configuration) {
    configuration.section<Shop>("shop");
    configuration.section<Shop>("shop");
    EXPECT_THROW(configuration.section<Limits>("shop"), Error);
  });
}

TEST_F(ConfigurationTest, a_section_may_change_as_a_whole) {
  write("prices: {apple: 1}");
  with([&](Configuration& configuration) {
    const auto prices = configuration.section<std::map<std::string, int>>("prices", Changes::at_run_time);
    configuration.start();
    write("prices: {pear: 2}");
    EXPECT_TRUE(configuration.reload().changed);
    EXPECT_THAT(*prices, testing::ElementsAre(testing::Pair("pear", 2)));
    EXPECT_THAT(configuration.current().tree.settings(),
                testing::ElementsAre(Setting{"prices.pear", "2", (folder / "base.yaml").string() + ":1", true, 2}));
  });
}

TEST_F(ConfigurationTest, sets_values_over_all_that_is_written) {
  write("shop: {greeting: hello, prices: {apple: 1}}");
  with([&](Configuration& configuration) {
    configuration.options().variables = {{"MARTY_SHOP__GREETING", "good day"}};
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    EXPECT_TRUE(configuration.set("shop.greeting", "welcome").changed);
    EXPECT_TRUE(configuration.set("shop.prices", "{pear: 2}").changed);
    EXPECT_EQ(shop->greeting, "welcome");
    EXPECT_THAT(shop->prices, testing::ElementsAre(testing::Pair("apple", 1), testing::Pair("pear", 2)));
    EXPECT_EQ(configuration.current().tree.explain("shop.greeting").back(), (Layer{"set at run time", "welcome"}));
    EXPECT_TRUE(configuration.set("shop.greeting", std::nullopt).changed);
    EXPECT_EQ(shop->greeting, "good day");
  });
}

TEST_F(ConfigurationTest, forgets_a_set_value_that_is_refused) {
  write("shop: {limits: {high: 5}}");
  with([&](Configuration& configuration) {
    const auto shop = configuration.section<Shop>("shop");
    configuration.start();
    EXPECT_THROW(configuration.set("shop.limits.high", "many"), Error);
    EXPECT_THROW(configuration.set("shop.hihg", "6"), Error);
    EXPECT_THROW(configuration.set("shop.limits", "{low: 2}"), Error) << "low needs a restart";
    EXPECT_FALSE(configuration.reload().changed);
    EXPECT_EQ(shop->limits.high, 5);
    EXPECT_EQ(configuration.generation(), 1U);
  });
}

TEST_F(ConfigurationTest, derives_what_is_made_of_several_sections) {
  write("shop: {limits: {high: 5}}\nprices: {apple: 4}");
  with([&](Configuration& configuration) {
    struct Dearest {
      int price = 0;
    };
    const auto shop = configuration.section<Shop>("shop");
    const auto prices = configuration.section<std::map<std::string, int>>("prices", Changes::at_run_time);
    const auto dearest = configuration.derive<Dearest>([&](Generation& bound) {
      Dearest found;
      for (const auto& [name, price] : prices.in(bound)) {
        found.price = std::max(found.price, price);
        if (price > shop.in(bound).limits.high)
          bound.tree.report("prices." + name, "must not be above shop.limits.high");
      }
      return found;
    });
    configuration.start();
    EXPECT_EQ(dearest->price, 4);
    write("shop: {limits: {high: 2}}\nprices:\n  apple: 4\n  pear: 3\n  plum: many");
    const std::string message = refusal(configuration);
    EXPECT_THAT(message, HasSubstr("base.yaml:3: prices.apple must not be above shop.limits.high"));
    EXPECT_THAT(message, HasSubstr("base.yaml:4: prices.pear must not be above shop.limits.high"));
    EXPECT_THAT(message, HasSubstr("base.yaml:5: prices.plum must be an integer"));
    EXPECT_EQ(dearest->price, 4);
  });
}

}  // namespace
}  // namespace marty::config
