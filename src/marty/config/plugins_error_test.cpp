// What people are told who got a plugin's file wrong.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "marty/base/error.hpp"
#include "marty/config/plugins.hpp"
#include "marty/runtime/world.hpp"

namespace marty::config {
namespace {

struct BillingSettings {
  std::string url;
  std::optional<Secret> token;
  std::optional<Secret> key;
  int retries = 3;
  Duration timeout = std::chrono::seconds(1);
};

// Has to be as the golden file has it; MARTY_UPDATE_GOLDEN=1 writes it anew.
void expect_golden(std::string message, const std::string& folder) {
  const std::string golden = std::string(MARTY_CONFIG_GOLDEN) + "/" + folder;
  for (std::size_t at; (at = message.find(golden + "/")) != std::string::npos;) message.erase(at, golden.size() + 1);
  message += "\n";
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(golden + "/errors.txt") << message;
  std::ostringstream expected;
  expected << std::ifstream(golden + "/errors.txt").rdbuf();
  EXPECT_EQ(message, expected.str());
}

TEST(PluginErrors, tell_all_at_once_which_files_cannot_be_read) {
  try {
    load({.directory = "none", .plugin_directory = MARTY_CONFIG_GOLDEN "/plugin_files"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    expect_golden(error.message(), "plugin_files");
  }
}

TEST(PluginErrors, tell_all_at_once_what_is_wrong_in_them) {
  runtime::World::real({.loops = 1})->run([] {
    const std::string golden = MARTY_CONFIG_GOLDEN "/plugins";
    Configuration configuration({.directory = golden + "/config",
                                 .plugin_directory = golden + "/plugins",
                                 .environment = "production",
                                 .variables = {{"BILLING_URL", "http://billing"},
                                               {"PLUGIN_CLOCK__ZONE", "UTC"},
                                               {"MARTY_PLUGIN__CLOCK__ENABELD", "false"}}});
    configuration.use_secrets([](Tree&) -> FindSecret { return [](std::string_view) { return Secret("hunter2"); }; });
    Plugins plugins(configuration);
    plugins.provide("database");
    plugins.view("billing").settings<BillingSettings>();
    plugins.view("search");
    try {
      configuration.start();
      FAIL();
    } catch (const Error& error) {
      expect_golden(error.message(), "plugins");
    }
  });
}

}  // namespace
}  // namespace marty::config
