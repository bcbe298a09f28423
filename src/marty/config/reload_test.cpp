// A reload takes over what the next start would, and nothing else: whether or not a field may change at run time, what
// is written for it is checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "marty/base/error.hpp"
#include "marty/config/plugins.hpp"
#include "marty/runtime/world.hpp"

namespace marty::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Server {
  int http_port = 8080;
  std::string greeting = "hi";
  static constexpr auto rules =
      marty::rules(marty::field<&Server::http_port>.range(0, 65535), marty::field<&Server::greeting>.reloadable());
};

class ReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-reload-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder / "plugins");
    write("base.yaml", "server: {http_port: 8080, greeting: hi}");
    write("plugins/ledger.yaml", "default: {}");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, std::string_view text) const { std::ofstream(folder / name) << text; }

  LoadOptions options() const {
    return {.directory = folder.string(), .plugin_directory = (folder / "plugins").string()};
  }
  // What a configuration that runs says of its files, and what one that starts does.
  std::string reload(Configuration& configuration) const {
    return said([&] { configuration.reload(); });
  }
  std::string start() const {
    return said([&] {
      Configuration configuration(options());
      Plugins plugins(configuration);
      configuration.section<Server>("server");
      configuration.start();
    });
  }
  static std::string said(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  std::filesystem::path folder;
};

TEST_F(ReloadTest, is_refused_where_a_start_would_be) {
  runtime::World::real({.loops = 1})->run([&] {
    Configuration configuration(options());
    Plugins plugins(configuration);
    const auto server = configuration.section<Server>("server");
    configuration.start();
    for (const char* port : {"99999", "abc", "{a: 1}", "'${NOT_SET}'", "'${SECRET:none}'", "[1]"}) {
      write("base.yaml", "server: {http_port: " + std::string(port) + ", greeting: hello}");
      const std::string refused = reload(configuration);
      EXPECT_THAT(refused, HasSubstr("server.http_port")) << port;
      EXPECT_EQ(refused, start()) << port;
      EXPECT_EQ(server->greeting, "hi") << port;
    }
    write("base.yaml", "server: {http_port: 9090, greeting: hello}");
    EXPECT_THAT(configuration.reload().needs_restart, ElementsAre("server.http_port"));
    EXPECT_EQ(server->greeting, "hello");
    EXPECT_EQ(server->http_port, 8080);
  });
}

TEST_F(ReloadTest, is_refused_for_a_plugin_that_could_not_start) {
  runtime::World::real({.loops = 1})->run([&] {
    Configuration configuration(options());
    Plugins plugins(configuration);
    configuration.section<Server>("server");
    configuration.start();
    for (const char* text : {"default: {dependencies: [nowhere]}", "default: {enabled: maybe}", "default: {nam: x}"}) {
      write("plugins/billing.yaml", text);
      const std::string refused = reload(configuration);
      EXPECT_THAT(refused, HasSubstr("plugin.billing")) << text;
      EXPECT_EQ(refused, start()) << text;
    }
    write("plugins/billing.yaml", "default: {dependencies: [ledger]}");
    EXPECT_THAT(configuration.reload().needs_restart, ElementsAre("plugin.billing"));
    EXPECT_THAT(plugins.names(), ElementsAre("ledger"));
  });
}

}  // namespace
}  // namespace marty::config
