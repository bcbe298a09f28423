#include "marty/config/plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "marty/base/error.hpp"
#include "marty/runtime/world.hpp"

namespace marty::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct Billing {
  std::string url = "none";
  int retries = 3;
  std::vector<std::string> currencies;
  std::optional<Secret> token;
  static constexpr auto rules = marty::rules(marty::field<&Billing::currencies>.optional());
};

class PluginsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-plugins-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directory(folder / "plugins");
    options = {.directory = folder.string(), .plugin_directory = (folder / "plugins").string()};
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, std::string_view text) const { std::ofstream(folder / name) << text; }
  void plugin(const std::string& name, std::string_view text) const { write("plugins/" + name + ".yaml", text); }
  // With a configuration that is not started.
  void with(const std::function<void(Configuration&, Plugins&)>& body) const {
    runtime::World::real({.loops = 1})->run([&] {
      Configuration configuration(options);
      Plugins plugins(configuration);
      body(configuration, plugins);
    });
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
  LoadOptions options;
};

TEST_F(PluginsTest, are_part_of_the_configuration_by_their_files) {
  plugin("my-plugin", R"(
default:
  enabled: true
  version: "1.0.0"
  dependencies: [security]
  settings: {timeout_seconds: 30, max_retries: 3}
  database: {use_mmf_database: true, schema_prefix: plugin_}
)");
  plugin("security", "");
  write("plugins/.hidden.yaml", "anything");
  write("plugins/README.md", "anything");
  with([&](Configuration& configuration, Plugins& plugins) {
    configuration.start();
    EXPECT_THAT(plugins.names(), ElementsAre("my-plugin", "security"));
    EXPECT_THAT(plugins.enabled(), ElementsAre("security", "my-plugin"));
    const PluginConfig& config = plugins.config("my-plugin");
    EXPECT_EQ(config.version, "1.0.0");
    EXPECT_EQ(config.settings, json::Value::parse(R"({"timeout_seconds": 30, "max_retries": 3})"));
    EXPECT_TRUE(config.database.use_mmf_database);
    EXPECT_EQ(config.database.schema_prefix, "plugin_");
    EXPECT_EQ(refusal([&] { plugins.config("my-plugn"); }), "there is no plugin my-plugn; did you mean my-plugin?");
  });
}

TEST_F(PluginsTest, are_not_needed) {
  options.plugin_directory = (folder / "nowhere").string();
  with([&](Configuration& configuration, Plugins& plugins) {
    configuration.start();
    EXPECT_THAT(plugins.names(), IsEmpty());
    EXPECT_FALSE(plugins.is_enabled("billing"));
  });
}

// default -> environment -> variable, for each of two plugins, and what is below and above.
TEST_F(PluginsTest, are_laid_over_the_services_files_and_under_the_variables) {
  write("base.yaml", "plugin:\n  billing:\n    settings: {url: base, retries: 1}\n    version: base\n");
  write("staging.yaml", "plugin: {billing: {settings: {url: staging}}}\n");
  const std::string text =
      "default:\n  settings:\n    url: default\n    retries: 5\n    currencies: [EUR, USD]\n"
      "staging:\n  settings:\n    retries: 6\n    currencies: [GBP]\n"
      "production:\n  settings: {url: wrong}\n";
  plugin("billing", text);
  plugin("ledger-two", text);
  options.variables = {{"MARTY_ENV", "staging"},
                       {"MARTY_PLUGIN__BILLING__SETTINGS__RETRIES", "7"},
                       {"MARTY_PLUGIN__LEDGER_TWO__SETTINGS__RETRIES", "8"}};
  with([&](Configuration& configuration, Plugins& plugins) {
    const auto billing = plugins.view("billing").settings<Billing>();
    const auto ledger = plugins.view("ledger-two").settings<Billing>();
    configuration.start();
    EXPECT_EQ(billing->url, "default");
    EXPECT_EQ(billing->retries, 7);
    EXPECT_THAT(billing->currencies, ElementsAre("GBP"));
    EXPECT_EQ(plugins.config("billing").version, "base");
    EXPECT_EQ(ledger->retries, 8);
    const std::string file = (folder / "plugins/billing.yaml").string();
    const std::vector<Layer> expected = {{(folder / "base.yaml").string() + ":3", "1"},
                                         {file + ":4", "5"},
                                         {file + ":8", "6"},
                                         {"MARTY_PLUGIN__BILLING__SETTINGS__RETRIES", "7"}};
    EXPECT_EQ(configuration.current().tree.explain("plugin.billing.settings.retries"), expected);
  });
}

TEST_F(PluginsTest, start_in_alphabetical_order_each_after_what_it_needs) {
  plugin("a", "default: {dependencies: [z, m]}");
  plugin("b", "");
  plugin("m", "default: {dependencies: [z]}");
  plugin("off", "default: {enabled: false, dependencies: [b]}");
  plugin("y", "default: {dependencies: [core]}");
  plugin("z", "");
  with([&](Configuration& configuration, Plugins& plugins) {
    plugins.provide("core");
    configuration.start();
    EXPECT_THAT(plugins.enabled(), ElementsAre("z", "m", "a", "b", "y"));
  });
}

TEST_F(PluginsTest, read_secrets_and_variables_of_their_own_and_what_the_service_hands_on) {
  write("base.yaml", "plugin: {billing: {settings: {url: '${URL}', token: '${SECRET:shared/token}'}}}");
  plugin("billing", "default: {settings: {retries: '${PLUGIN_BILLING__RETRIES}'}}");
  plugin("ledger", "default: {settings: {url: '${URL:-none}', token: '${SECRET:plugins/ledger/token}'}}");
  options.variables = {{"URL", "u"}, {"PLUGIN_BILLING__RETRIES", "4"}};
  with([&](Configuration& configuration, Plugins& plugins) {
    std::vector<std::string> asked;
    configuration.use_secrets([&](Tree&) -> FindSecret {
      return [&](std::string_view key) { return asked.emplace_back(key), Secret(key); };
    });
    const auto billing = plugins.view("billing").settings<Billing>();
    const auto ledger = plugins.view("ledger").settings<Billing>();
    EXPECT_THAT(refusal([&] { configuration.start(); }),
                HasSubstr("ledger.yaml:1: plugin.ledger.settings.url needs the environment variable URL, but the file "
                          "of the plugin ledger may only name variables that begin with PLUGIN_LEDGER__"));
    plugin("ledger", "default: {settings: {token: '${SECRET:plugins/ledger/token}'}}");
    configuration.start();
    EXPECT_EQ(billing->url, "u");
    EXPECT_EQ(billing->retries, 4);
    EXPECT_EQ(billing->token->reveal(), "shared/token");
    EXPECT_EQ(ledger->token->reveal(), "plugins/ledger/token");
    for (const std::string key : {"shared/other", "plugins/billing/x", "plugins/ledger/../billing/x",
                                  "plugins/ledger//x", "plugins/ledger", "${SECRET:plugins/ledger/token}"}) {
      asked.clear();
      plugin("ledger", "default: {settings: {token: '${SECRET:" + key + "}'}}");
      EXPECT_THAT(refusal([&] { configuration.reload(); }), HasSubstr("plugin.ledger.settings.token")) << key;
      EXPECT_THAT(asked, testing::Not(testing::Contains(key)));
    }
  });
}

TEST_F(PluginsTest, see_nothing_but_their_own_section) {
  plugin("billing", "default: {settings: {url: mine}}");
  plugin("ledger", "default: {settings: {url: theirs}}");
  with([&](Configuration& configuration, Plugins& plugins) {
    PluginView view = plugins.view("billing");
    const auto settings = view.settings<Billing>();
    for (const std::string name : {"", "ledger.settings", "../ledger", "billing.", "a b", "_a", "a-", "a__b"})
      EXPECT_THAT(refusal([&] { plugins.view(name); }), HasSubstr("is no plugin's name"));
    configuration.start();
    EXPECT_EQ(settings->url, "mine");
    EXPECT_EQ(view.config().settings.find("url")->as_string(), "mine");
  });
}

TEST_F(PluginsTest, change_their_settings_at_run_time) {
  plugin("billing", "default: {version: 1.0, settings: {url: one}}");
  with([&](Configuration& configuration, Plugins& plugins) {
    const auto settings = plugins.view("billing").settings<Billing>();
    configuration.start();
    plugin("billing", "default: {version: 2.0, settings: {url: two}}");
    EXPECT_THAT(configuration.reload().needs_restart, ElementsAre("plugin.billing.version"));
    EXPECT_EQ(settings->url, "two");
    EXPECT_EQ(plugins.config("billing").version, "1.0");
    plugin("billing", "default: {settings: {ulr: three}}");
    EXPECT_THAT(refusal([&] { configuration.reload(); }),
                HasSubstr("billing.yaml:1: plugin.billing.settings.ulr is not a known key; did you mean "
                          "plugin.billing.settings.url?"));
    EXPECT_EQ(settings->url, "two");
  });
}

TEST_F(PluginsTest, stay_where_their_file_comes_or_goes_at_run_time) {
  plugin("billing", "default: {version: 1.0, settings: {url: one}}");
  plugin("audit", "default: {version: 1.0}");
  with([&](Configuration& configuration, Plugins& plugins) {
    const auto settings = plugins.view("billing").settings<Billing>();
    configuration.start();
    std::filesystem::remove(folder / "plugins/audit.yaml");
    plugin("ledger", "default: {version: 1.0}");
    const Reload reload = configuration.reload();
    EXPECT_THAT(reload.needs_restart, ElementsAre("plugin.audit", "plugin.ledger"));
    EXPECT_FALSE(reload.changed);
    EXPECT_THAT(plugins.enabled(), ElementsAre("audit", "billing"));
    std::filesystem::remove(folder / "plugins/billing.yaml");
    EXPECT_THROW(configuration.reload(), Error) << "the next start would miss it";
    EXPECT_EQ(settings->url, "one");
  });
}

TEST_F(PluginsTest, come_and_go_by_their_files_in_the_order_of_their_dependencies) {
  plugin("a", "default: {dependencies: [b]}");
  plugin("b", "default: {dependencies: [c]}");
  plugin("c", "");
  with([&](Configuration& configuration, Plugins& plugins) {
    std::vector<std::string> seen;
    plugins.on_change("loader", [&](const PluginChange& change) -> Configuration::Commit {
      for (const std::string& name : change.stopped) seen.push_back("-" + name);
      for (const std::string& name : change.started) seen.push_back("+" + name);
      return [&] { seen.push_back("done"); };
    });
    configuration.start();
    EXPECT_THAT(std::exchange(seen, {}), ElementsAre("+c", "+b", "+a", "done"));
    plugin("a", "default: {dependencies: [b], enabled: false}");
    plugin("b", "default: {dependencies: [c], enabled: false}");
    configuration.reload();
    EXPECT_THAT(std::exchange(seen, {}), ElementsAre("-a", "-b", "done"));
    EXPECT_THAT(plugins.enabled(), ElementsAre("c"));
    plugin("b", "default: {dependencies: [c], enabled: true, settings: {x: 1}}");
    configuration.reload();
    EXPECT_THAT(std::exchange(seen, {}), ElementsAre("+b", "done"));
    plugin("b", "default: {dependencies: [c], enabled: true, settings: {x: 2}}");
    configuration.reload();
    EXPECT_THAT(seen, IsEmpty());
  });
}

TEST_F(PluginsTest, are_switched_by_the_program) {
  plugin("billing", "default: {settings: {url: one}}");
  with([&](Configuration& configuration, Plugins& plugins) {
    configuration.start();
    EXPECT_TRUE(plugins.set_enabled("billing", false).changed);
    EXPECT_FALSE(plugins.is_enabled("billing"));
    EXPECT_EQ(configuration.current().tree.explain("plugin.billing.enabled"),
              (std::vector<Layer>{{"set at run time", "false"}}));
    plugin("billing", "default: {enabled: true, settings: {url: two}}");
    configuration.reload();
    EXPECT_FALSE(plugins.is_enabled("billing")) << "what the program set stands over the files";
    plugins.set_enabled("billing", std::nullopt);
    EXPECT_TRUE(plugins.is_enabled("billing"));
    EXPECT_EQ(refusal([&] { plugins.set_enabled("biling", true); }),
              "there is no plugin biling; did you mean billing?");
  });
}

TEST_F(PluginsTest, are_not_switched_off_where_another_one_needs_them) {
  plugin("billing", "");
  plugin("shop", "default:\n  dependencies:\n    - billing\n");
  with([&](Configuration& configuration, Plugins& plugins) {
    configuration.start();
    EXPECT_THAT(refusal([&] { plugins.set_enabled("billing", false); }),
                HasSubstr("shop.yaml:3: plugin.shop.dependencies[0] needs billing, which is disabled (set at run "
                          "time)"));
    EXPECT_EQ(configuration.generation(), 1U);
    EXPECT_TRUE(plugins.is_enabled("billing"));
    configuration.reload();
    EXPECT_TRUE(plugins.is_enabled("billing")) << "a refused value is forgotten";
    plugins.set_enabled("shop", false);
    plugins.set_enabled("billing", false);
    EXPECT_THAT(plugins.enabled(), IsEmpty());
    EXPECT_THAT(refusal([&] { plugins.set_enabled("shop", true); }), HasSubstr("needs billing, which is disabled"));
  });
}

TEST_F(PluginsTest, are_not_switched_where_a_subscriber_refuses) {
  plugin("billing", "");
  with([&](Configuration& configuration, Plugins& plugins) {
    plugins.on_change("loader", [&](const PluginChange& change) -> Configuration::Commit {
      if (!change.stopped.empty()) throw Error(Code::unavailable, "billing has work to do");
      return {};
    });
    configuration.start();
    EXPECT_EQ(refusal([&] { plugins.set_enabled("billing", false); }),
              "loader refuses the configuration: billing has work to do");
    EXPECT_TRUE(plugins.is_enabled("billing"));
    EXPECT_EQ(configuration.generation(), 1U);
  });
}

TEST_F(PluginsTest, are_in_the_settings_and_the_schema) {
  plugin("billing", "default: {settings: {url: one}}");
  with([&](Configuration& configuration, Plugins& plugins) {
    plugins.view("billing").settings<Billing>();
    configuration.start();
    const Tree& tree = configuration.current().tree;
    EXPECT_THAT(tree.settings(),
                testing::Contains(Setting{"plugin.billing.settings.url", "one",
                                          (folder / "plugins/billing.yaml").string() + ":1", true, "one"}));
    const json::Value schema = tree.schema();
    const std::string billing = "/properties/plugin/properties/billing/properties";
    EXPECT_EQ(schema.at(billing + "/enabled/type").as_string(), "boolean");
    EXPECT_EQ(schema.at(billing + "/settings/properties/retries/type").as_string(), "integer");
  });
}

TEST_F(PluginsTest, set_only_what_can_change_at_run_time) {
  plugin("billing", "default: {version: 1.0}");
  with([&](Configuration& configuration, Plugins& plugins) {
    configuration.start();
    EXPECT_EQ(refusal([&] { configuration.set("plugin.billing.version", "2.0"); }),
              "plugin.billing.version cannot change while the program runs");
    EXPECT_THAT(configuration.reload().needs_restart, IsEmpty());
    EXPECT_EQ(plugins.config("billing").version, "1.0");
  });
}

}  // namespace
}  // namespace marty::config
