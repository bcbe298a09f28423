// The code of docs/guide/feature-flags.md.
#include <gtest/gtest.h>

#include "marty/flags/flags.hpp"
#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"

namespace {

namespace config = marty::config;
namespace flags = marty::flags;
namespace telemetry = marty::telemetry;

TEST(Guide, decides_for_the_user_of_a_request) {
  marty::runtime::World::real({.loops = 1})->run([] {
    telemetry::Metrics metrics;
    config::Configuration configuration({.directory = MARTY_FLAGS_GOLDEN});
    // [declare]
    flags::Flags flags(configuration, metrics);
    const flags::Flag new_checkout = flags.declare("new_checkout", false);  // its default
    const flags::Flag old_style = flags.declare("old_style", true);
    configuration.start();
    // [/declare]
    const auto request = telemetry::with_correlation({.user_id = "ann"});
    EXPECT_TRUE(new_checkout.enabled());
    EXPECT_FALSE(old_style.enabled());
    struct {
      std::string customer = "carl";
    } order;
    // [enabled]
    bool mine = new_checkout.enabled();                                                       // the request's user
    bool theirs = new_checkout.enabled({.user = order.customer, .cohorts = {"beta", "eu"}});  // somebody else
    bool by_name = flags.enabled("new_checkout");  // throws Error(not_found) for a name that nobody declared
    // [/enabled]
    EXPECT_TRUE(mine && theirs && by_name);
    // [force]
    {
      const flags::Forced off = flags.force("new_checkout", false);
      EXPECT_FALSE(new_checkout.enabled());
    }
    // [/force]
    // [set]
    configuration.set("feature_flags.new_checkout", "{percentage: 50}");
    configuration.set("feature_flags.new_checkout", std::nullopt);  // as it is written again
    // [/set]
    EXPECT_TRUE(new_checkout.enabled());
  });
}

}  // namespace
