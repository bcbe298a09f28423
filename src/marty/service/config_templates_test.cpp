#include "marty/service/config_templates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "marty/base/error.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/service.hpp"

namespace marty::service {
namespace {

// A folder with the files of a template.
class Instance {
 public:
  explicit Instance(std::string_view name) {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-template-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(path_ / "config");
    for (const TemplateFile& file : config_template(name, "petstore")) std::ofstream(path_ / file.path) << file.text;
  }
  ~Instance() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(ConfigTemplates, start_a_service_in_every_environment) {
  for (const std::string_view name : config_template_names()) {
    const Instance instance(name);
    for (const std::string environment : {"development", "testing", "staging", "production"}) {
      SCOPED_TRACE(std::string(name) + " in " + environment);
      telemetry::RecordingSink sink;
      runtime::SimulatedWorld({.seed = 1}).run([&] {
        Service service("other",
                        {.directory = instance.path(), .environment = environment, .log_sink = &sink, .listen = false});
        service.start();
        const config::Tree& tree = service.configuration().current().tree;
        std::map<std::string, std::string> settings;
        for (const config::Setting& setting : tree.settings()) settings[setting.key] = setting.value;
        EXPECT_EQ(settings["service.name"], "petstore");
        EXPECT_EQ(settings["server.http_port"], environment == "testing" ? "0" : "8080");
        EXPECT_EQ(settings["server.grpc_port"], name == "grpc" ? "50051" : "");
        EXPECT_EQ(settings["server.docs"], environment == "production" ? "false" : "true");
        service.stop();
      });
    }
  }
}

TEST(ConfigTemplates, say_in_their_comments_what_is_valid) {
  for (const std::string_view name : config_template_names()) {
    for (const TemplateFile& file : config_template(name, "petstore"))
      EXPECT_THAT(file.text, testing::Not(testing::HasSubstr("@"))) << file.path;
  }
}

TEST(ConfigTemplates, are_three) {
  EXPECT_THAT(config_template_names(), testing::ElementsAre("rest", "grpc", "hybrid"));
  EXPECT_THROW(config_template("soap", "petstore"), Error);
}

}  // namespace
}  // namespace marty::service
