// What the section logging makes of a service's log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/log.hpp"

namespace marty {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A service's folder, with the configuration of the guide.
class ServiceLog : public ::testing::Test {
 protected:
  ServiceLog() {
    std::string pattern = (fs::temp_directory_path() / "marty-logs-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "config");
    fs::create_directories(folder_ / "logs");
    fs::copy_file(MARTY_LOGGING_YAML, folder_ / "config" / "base.yaml");
  }
  ~ServiceLog() override { fs::remove_all(folder_); }

  void in_service(const std::function<void(Service&)>& test, config::Variables variables = {}) {
    runtime::SimulatedWorld world;
    world.run([&] {
      Service service(
          "petstore",
          {.directory = folder_, .environment = "testing", .variables = std::move(variables), .listen = false});
      service.on_start("work", [&] { test(service); });
      service.start();
      service.stop();
    });
  }
  std::string log() const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "logs" / "petstore.log").rdbuf();
    return text.str();
  }

  fs::path folder_;
};

constexpr Logger kOrders("petstore.orders.refunds"), kWeb("marty.web");

TEST_F(ServiceLog, goes_to_a_file_which_is_whole_when_the_service_has_stopped) {
  in_service([](Service&) {
    kOrders.debug("refunded", {{"iban", "DE02"}, {"order_id", 17}});
    kWeb.info("not wanted");
  });
  EXPECT_THAT(log(), HasSubstr(R"("message":"refunded")"));
  EXPECT_THAT(log(), HasSubstr(R"("iban":"[redacted]","order_id":17})"));
  EXPECT_THAT(log(), ::testing::Not(HasSubstr("not wanted")));
  EXPECT_THAT(log(), HasSubstr(R"("message":"stopped")"));
  EXPECT_TRUE(log().ends_with("}\n"));
}

TEST_F(ServiceLog, takes_over_the_levels_of_a_reload) {
  in_service([this](Service& service) {
    kOrders.debug("before");
    std::ofstream(folder_ / "config" / "testing.yaml") << "logging: {levels: {petstore.orders: error}}\n";
    EXPECT_TRUE(service.reload("test").changed);
    kOrders.warning("after");
  });
  EXPECT_THAT(log(), HasSubstr("\"before\""));
  EXPECT_THAT(log(), ::testing::Not(HasSubstr("\"after\"")));
}

TEST_F(ServiceLog, says_that_a_line_was_cut_by_the_end_of_the_process_before) {
  std::ofstream(folder_ / "logs" / "petstore.log") << "{}\n{\"timest";
  in_service([](Service&) {});
  EXPECT_TRUE(log().starts_with("{}\n{\"timestamp\""));
  EXPECT_THAT(log(), HasSubstr("ended in the middle of a line, which was taken off"));
  EXPECT_THAT(log(), HasSubstr("\"bytes\":8"));
}

TEST_F(ServiceLog, counts_lines_by_their_level) {
  in_service([](Service& service) {
    const auto errors = [&] { return service.metrics().value("mmf_log_lines_total", {{"level", "error"}}); };
    for (int i = 0; i < 150; ++i) kWeb.error("again and again");
    EXPECT_EQ(errors(), 100);
    EXPECT_EQ(service.metrics().value("mmf_log_lines_suppressed_total"), 50);
    EXPECT_EQ(service.metrics().value("mmf_log_lines_dropped_total"), 0);
  });
  EXPECT_THAT(log(), HasSubstr("\"suppressed\":50")) << "told when the service stopped";
}

TEST_F(ServiceLog, does_not_start_without_the_file_and_says_what_to_do) {
  const auto failure = [&](config::Variables variables) -> std::string {
    try {
      in_service([](Service&) {}, std::move(variables));
    } catch (const Error& error) {
      return error.message();
    }
    return "none";
  };
  EXPECT_THAT(failure({{"MARTY_LOGGING__FILE__PATH", "none/petstore.log"}}),
              HasSubstr("make its folder, or correct logging.file.path"));
  EXPECT_THAT(failure({{"MARTY_LOGGING__FILE__MAX_SIZE", "1KiB"}}), HasSubstr("must be at least 64KiB"));
  EXPECT_THAT(failure({{"MARTY_LOGGING__LEVELS", "{shop: loud}"}}), HasSubstr("logging.levels.shop"));
}

}  // namespace
}  // namespace marty
