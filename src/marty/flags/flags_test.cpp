#include "marty/flags/flags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "marty/base/error.hpp"
#include "marty/flags/bucket.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::flags {
namespace {

using testing::HasSubstr;

class FlagsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-flags-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(std::string_view flags) const {
    std::ofstream(folder / "base.yaml") << "feature_flags:\n  " << flags << "\n";
  }
  // With a configuration that is not started.
  void with(const std::function<void(config::Configuration&, Flags&)>& body) const {
    runtime::World::real({.loops = 1})->run([&] {
      telemetry::Metrics metrics;
      config::Configuration configuration({.directory = folder.string()});
      Flags flags(configuration, metrics);
      body(configuration, flags);
    });
  }
  // The users of 0 to 999 who have the flag.
  static std::vector<int> users_of(const Flag& flag) {
    std::vector<int> users;
    for (int user = 0; user < 1000; ++user) {
      if (flag.enabled({.user = std::to_string(user)})) users.push_back(user);
    }
    return users;
  }
  static std::string refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  std::filesystem::path folder;
};

TEST_F(FlagsTest, are_on_as_they_are_configured_or_by_default) {
  write("{one: true, two: false, three: {}, four: {enabled: false, percentage: 100, users: [ann]}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    for (const std::string name : {"one", "three", "five"}) flags.declare(name, name == "five");
    for (const std::string name : {"two", "four", "six"}) flags.declare(name, name != "six");
    configuration.start();
    for (const std::string name : {"one", "three", "five"}) EXPECT_TRUE(flags.enabled(name)) << name;
    for (const std::string name : {"two", "four", "six"}) EXPECT_FALSE(flags.enabled(name, {.user = "ann"})) << name;
  });
}

TEST_F(FlagsTest, change_with_the_configuration) {
  write("{one: false}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", true);
    configuration.start();
    EXPECT_FALSE(one.enabled());
    write("{one: true}");
    configuration.reload();
    EXPECT_TRUE(one.enabled());
    configuration.set("feature_flags.one", "{users: [ann]}");
    EXPECT_TRUE(one.enabled({.user = "ann"}));
    EXPECT_FALSE(one.enabled({.user = "bob"}));
  });
}

TEST_F(FlagsTest, are_on_for_the_users_and_cohorts_that_are_named) {
  write("{one: {users: [ann, bob], cohorts: [beta, staff]}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", false);
    configuration.start();
    EXPECT_TRUE(one.enabled({.user = "bob"}));
    EXPECT_FALSE(one.enabled({.user = "carl"}));
    EXPECT_FALSE(one.enabled({.user = "carl", .cohorts = {"alpha"}}));
    EXPECT_TRUE(one.enabled({.user = "carl", .cohorts = {"alpha", "beta"}}));
    const std::vector<std::string> cohorts = {"staff"};
    EXPECT_TRUE(one.enabled({.cohorts = cohorts}));
    EXPECT_FALSE(one.enabled()) << "that is nobody";
  });
}

TEST_F(FlagsTest, are_for_the_user_of_the_context_where_no_other_is_named) {
  write("{one: {users: [ann]}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", false);
    configuration.start();
    EXPECT_FALSE(one.enabled());
    const auto ann = telemetry::with_correlation({.user_id = "ann"});
    EXPECT_TRUE(one.enabled());
    EXPECT_TRUE(flags.enabled("one"));
    EXPECT_FALSE(one.enabled({.user = "bob"}));
    EXPECT_FALSE(one.enabled({.user = ""}));
  });
}

TEST_F(FlagsTest, keep_their_users_where_a_percentage_rises) {
  write("{one: {percentage: 10}, two: {percentage: 25}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", false);
    const Flag two = flags.declare("two", false);
    configuration.start();
    const std::vector<int> tenth = users_of(one);
    EXPECT_NEAR(static_cast<double>(tenth.size()), 100, 30);
    configuration.set("feature_flags.one", "{percentage: 25}");
    const std::vector<int> quarter = users_of(one);
    EXPECT_NEAR(static_cast<double>(quarter.size()), 250, 42);
    EXPECT_TRUE(std::ranges::includes(quarter, tenth));
    EXPECT_FALSE(std::ranges::includes(users_of(two), tenth));
    configuration.set("feature_flags.one", "{percentage: 100}");
    EXPECT_EQ(users_of(one).size(), 1000U);
    configuration.set("feature_flags.one", "{percentage: 0}");
    EXPECT_EQ(users_of(one).size(), 0U);
  });
}

TEST_F(FlagsTest, know_percentages_to_two_decimals) {
  write("{new_checkout: {percentage: 25.42}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag checkout = flags.declare("new_checkout", false);
    configuration.start();
    ASSERT_EQ(bucket_of("new_checkout", "ann"), 2542U);
    EXPECT_FALSE(checkout.enabled({.user = "ann"}));
    configuration.set("feature_flags.new_checkout", "{percentage: 25.43}");
    EXPECT_TRUE(checkout.enabled({.user = "ann"}));
    EXPECT_FALSE(checkout.enabled()) << "nobody has no place in a percentage";
    EXPECT_THAT(refusal([&] { configuration.set("feature_flags.new_checkout", "{percentage: 25.431}"); }),
                HasSubstr("feature_flags.new_checkout.percentage must have at most two decimals"));
  });
}

TEST_F(FlagsTest, that_nobody_declared_are_errors) {
  write("{new_chekout: true}");
  with([&](config::Configuration& configuration, Flags& flags) {
    flags.declare("new_checkout", false);
    EXPECT_THAT(refusal([&] { configuration.start(); }),
                HasSubstr("base.yaml:2: feature_flags.new_chekout is no flag of this program; did you mean "
                          "feature_flags.new_checkout?"));
    flags.allow_unknown();
    configuration.start();
    EXPECT_EQ(refusal([&] { flags.enabled("new_chekout"); }),
              "there is no flag new_chekout; did you mean new_checkout?");
    EXPECT_FALSE(flags.enabled("new_checkout"));
  });
}

TEST_F(FlagsTest, are_told_what_is_wrong_with_them) {
  write("{one: perhaps, two: {percentage: 101}, three: {users: ann}, four: {user: [ann]}}");
  with([&](config::Configuration& configuration, Flags& flags) {
    for (const std::string name : {"one", "two", "three", "four"}) flags.declare(name, false);
    const std::string message = refusal([&] { configuration.start(); });
    for (const std::string line :
         {"feature_flags.one must be", "feature_flags.two.percentage must be at most 100, not 101",
          "feature_flags.three.users must be a list, not ann",
          "feature_flags.four.user is not a known key; did you mean feature_flags.four.users?"})
      EXPECT_THAT(message, HasSubstr(line));
  });
}

TEST_F(FlagsTest, have_one_declaration_each) {
  with([&](config::Configuration&, Flags& flags) {
    flags.declare("one", true);
    EXPECT_EQ(flags.declare("one", true).name(), "one");
    EXPECT_EQ(refusal([&] { flags.declare("one", false); }), "the flag one is declared with two defaults");
    for (const std::string name : {"", "One", "a-b", "a.b", "_a", "a_", "a__b"})
      EXPECT_THAT(refusal([&] { flags.declare(name, true); }), HasSubstr("is no flag's name")) << name;
  });
}

TEST_F(FlagsTest, stay_the_same_to_the_end_of_a_request) {
  write("{one: true}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", false);
    configuration.start();
    telemetry::Context context;
    context.generation = configuration.pin();
    {
      const telemetry::ContextScope scope(context);
      runtime::spawn([&] { configuration.set("feature_flags.one", "false"); }).join();
      EXPECT_TRUE(one.enabled());
    }
    EXPECT_FALSE(one.enabled());
  });
}

TEST_F(FlagsTest, are_forced_in_tests) {
  write("{one: true}");
  with([&](config::Configuration& configuration, Flags& flags) {
    const Flag one = flags.declare("one", false);
    configuration.start();
    {
      const Forced off = flags.force("one", false);
      EXPECT_FALSE(one.enabled());
      const Forced on = flags.force("one", true);
      EXPECT_TRUE(one.enabled());
    }
    EXPECT_TRUE(one.enabled());
    EXPECT_THROW(static_cast<void>(flags.force("two", true)), Error);
  });
}

TEST_F(FlagsTest, count_their_evaluations) {
  runtime::World::real({.loops = 1})->run([&] {
    telemetry::Metrics metrics;
    config::Configuration configuration({.directory = folder.string()});
    Flags flags(configuration, metrics);
    const Flag one = flags.declare("one", true);
    configuration.start();
    const auto evaluations = [&](const char* result) {
      return metrics.value("mmf_feature_flag_evaluations_total", {{"flag", "one"}, {"result", result}});
    };
    EXPECT_EQ(evaluations("on"), 0);
    EXPECT_EQ(evaluations("off"), 0);
    one.enabled();
    flags.enabled("one");
    configuration.set("feature_flags.one", "false");
    one.enabled();
    EXPECT_EQ(evaluations("on"), 2);
    EXPECT_EQ(evaluations("off"), 1);
  });
}

}  // namespace
}  // namespace marty::flags
