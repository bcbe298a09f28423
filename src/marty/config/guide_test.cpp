// The code of docs/guide/configuration.md and plugins.md.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/config/configuration.hpp"
#include "marty/config/plugins.hpp"
#include "marty/runtime/world.hpp"

namespace {

namespace config = marty::config;

// [struct]
struct MailConfig {
  std::string relay = "localhost";
  int port = 25;
  config::Duration timeout = std::chrono::seconds(10);
  config::Size max_message{10 << 20};
  std::vector<std::string> copies_to = {"archive@example.org"};

  static constexpr auto rules =
      marty::rules(marty::field<&MailConfig::port>.range(1, 65535).description("Of the relay"),
                   marty::field<&MailConfig::copies_to>.max_items(10));
};
// [/struct]

TEST(Guide, binds_a_section_and_reports_what_is_wrong) {
  config::Tree tree =
      config::parse("mail: {relay: \"${RELAY:-mail.internal}\", timeout: 2s}", "config/base.yaml",
                    {{"MARTY_MAIL__PORT", "587"}, {"MARTY_MAIL__COPIES_TO", "a@example.org, b@example.org"}});
  // [bind]
  const auto mail = tree.bind<MailConfig>("mail");
  tree.finish();  // throws, listing everything that is wrong in any section
  // [/bind]
  EXPECT_EQ(mail.relay, "mail.internal");
  EXPECT_EQ(mail.port, 587);
  EXPECT_EQ(mail.timeout, config::Duration(std::chrono::seconds(2)));
  EXPECT_EQ(mail.copies_to.size(), 2u);
}

TEST(Guide, loads_the_layers_of_an_environment) {
  // [load]
  config::Tree tree = config::load({.directory = "config", .variables = config::environment_variables()});
  // [/load]
  EXPECT_FALSE(tree.environment().empty());
}

// [live]
struct Greeting {
  std::string text = "hello";
  std::string language = "en";

  static constexpr auto rules = marty::rules(marty::field<&Greeting::text>.reloadable());
};
// [/live]

TEST(Guide, follows_what_changes) {
  marty::runtime::World::real({.loops = 1})->run([] {
    config::Configuration configuration({.directory = "none", .variables = {{"MARTY_GREETING__TEXT", "good day"}}});
    std::string shown_on_the_door;
    // [configuration]
    const config::Live<Greeting> greeting = configuration.section<Greeting>("greeting");
    configuration.subscribe("the door", [&](const config::Generation& next) {
      std::string text = greeting.in(next).text;  // prepare: all that can go wrong happens here
      if (text.size() > 20) throw marty::Error(marty::Code::invalid_argument, "the door is too small for that");
      return [&, text] { shown_on_the_door = text; };  // commit: once everybody has agreed
    });
    configuration.start();
    // [/configuration]
    EXPECT_EQ(greeting->text, "good day");
    EXPECT_EQ(shown_on_the_door, "good day");
    configuration.options().variables["MARTY_GREETING__TEXT"] = "far too long for any door of ours";
    // [reload]
    try {
      const config::Reload result = configuration.reload();
      for (const std::string& key : result.needs_restart) std::puts(key.c_str());
    } catch (const marty::Error& error) {
      std::puts(error.what());  // "the door refuses the configuration: the door is too small for that"
    }
    // [/reload]
    EXPECT_EQ(greeting->text, "good day");
  });
}

// [plugin-settings]
struct BillingSettings {
  std::string url;
  config::Duration timeout = std::chrono::seconds(10);
  marty::Secret token;
};
// [/plugin-settings]

TEST(Guide, configures_plugins) {
  std::vector<std::string> running;
  const auto start = [&](const std::string& name) { running.push_back(name); };
  const auto stop = [&](const std::string& name) { std::erase(running, name); };
  marty::runtime::World::real({.loops = 1})->run([&] {
    const std::string folder = MARTY_CONFIG_GOLDEN "/guide/plugins";
    config::Configuration configuration({.plugin_directory = folder, .environment = "production"});
    configuration.use_secrets([](config::Tree&) { return [](std::string_view) { return marty::Secret("t"); }; });
    // [plugins]
    config::Plugins plugins(configuration);
    config::PluginView billing = plugins.view("billing");  // all that billing gets to see
    const config::Live<BillingSettings> settings = billing.settings<BillingSettings>();
    plugins.on_change("plugins", [&](const config::PluginChange& change) -> config::Configuration::Commit {
      return [&, change] {  // here everybody has agreed
        for (const std::string& name : change.stopped) stop(name);
        for (const std::string& name : change.started) start(name);
      };
    });
    configuration.start();
    // [/plugins]
    EXPECT_EQ(running, (std::vector<std::string>{"ledger", "billing"}));
    EXPECT_EQ(settings->timeout, config::Duration(std::chrono::seconds(2)));
    // [switch]
    plugins.set_enabled("billing", false);
    plugins.set_enabled("billing", std::nullopt);  // as its file says again
    // [/switch]
    EXPECT_EQ(running, (std::vector<std::string>{"ledger", "billing"}));
  });
}

}  // namespace
