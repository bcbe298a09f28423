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

TEST_F(ReloadTest, checks_what_goes_beyond_a_section_where_the_section_says_something_new) {
  runtime::World::real({.loops = 1})->run([&] {
    Configuration configuration(options());
    Plugins plugins(configuration);
    const auto server = configuration.section<Server>("server");
    int checks = 0;
    bool is_taken = false;
    configuration.check({"server"}, [&](Generation& bound) {
      ++checks;
      if (is_taken || server.in(bound).http_port == 1) bound.tree.report("server.http_port", "is taken");
    });
    configuration.start();
    EXPECT_EQ(checks, 1);
    is_taken = true;  // as a certificate expires
    write("plugins/ledger.yaml", "default: {enabled: false}");
    EXPECT_EQ(reload(configuration), "");
    EXPECT_EQ(checks, 1);
    write("base.yaml", "server: {http_port: 8081, greeting: hello}");
    EXPECT_THAT(reload(configuration), HasSubstr("base.yaml:1: server.http_port is taken"));
    EXPECT_EQ(server->greeting, "hi");
    is_taken = false;
    EXPECT_EQ(reload(configuration), "");
    EXPECT_EQ(server->greeting, "hello");
    write("base.yaml", "server: {http_port: 1, greeting: [}");
    checks = 0;
    EXPECT_THAT(reload(configuration), HasSubstr("not valid YAML"));
    write("base.yaml", "server: {http_port: 1, greeting: {a: b}}");
    EXPECT_THAT(reload(configuration), HasSubstr("server.greeting must be"));
    EXPECT_EQ(checks, 0) << "there is nothing to check in a section that is wrong in itself";
  });
}

TEST_F(ReloadTest, a_first_generation_is_verified_without_anything_being_started) {
  runtime::World::real({.loops = 1})->run([&] {
    bool is_refused = false;
    const auto verify = [&] {
      Configuration configuration(options());
      Plugins plugins(configuration);
      const auto server = configuration.section<Server>("server");
      configuration.check({"server"}, [&](Generation& bound) {
        if (server.in(bound).http_port == 1) bound.tree.report("server.http_port", "is taken");
      });
      configuration.subscribe("the door", [&](const Generation&) -> Configuration::Commit {
        if (is_refused) throw Error(Code::invalid_argument, "too many");
        return [] { FAIL() << "nothing is committed"; };
      });
      Tree tree = configuration.verify();
      EXPECT_FALSE(configuration.started());
      return said([&] { tree.finish(); });
    };
    EXPECT_EQ(verify(), "");
    is_refused = true;
    EXPECT_THAT(verify(), HasSubstr("the door refuses the configuration: too many"));
    write("base.yaml", "server: {http_port: 1}");
    EXPECT_THAT(verify(), HasSubstr("server.http_port is taken"));
  });
}

}  // namespace
}  // namespace marty::config
