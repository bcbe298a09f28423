// Which lines are written: levels of single loggers, repeats, values that nobody may read.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "marty/json/value.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry {
namespace {

using namespace std::chrono_literals;

// Runs in simulated time: a second passes when a test says so.
class LogLimits : public testing::Test {
 protected:
  void in_world(const std::function<void()>& test) {
    runtime::SimulatedWorld world;
    world.run([&] {
      Context context;
      context.logging = &logging_;
      const ContextScope scope(context);
      test();
    });
  }
  json::Value line(std::size_t index) const { return json::Value::parse(sink_.lines().at(index)); }

  RecordingSink sink_;
  Metrics metrics_;
  Logging logging_{{.service = "test", .max_repeats = 3, .redact = {"iban"}, .metrics = &metrics_}, sink_};
};

TEST(LogLevels, the_longest_name_wins) {
  const LogLevels levels{.level = Level::info,
                         .loggers = {{"shop", Level::warning}, {"shop.orders", Level::debug}, {"root", Level::off}}};
  EXPECT_EQ(levels.of("shop.orders"), Level::debug);
  EXPECT_EQ(levels.of("shop.orders.refunds.eu"), Level::debug);
  EXPECT_EQ(levels.of("shop.pets"), Level::warning);
  EXPECT_EQ(levels.of("shop"), Level::warning);
  EXPECT_EQ(levels.of("shopping"), Level::info);
  EXPECT_EQ(levels.of("root"), Level::off);
  EXPECT_EQ(levels.least(), Level::debug);
}

TEST_F(LogLimits, loggers_have_levels_of_their_own_that_change_at_run_time) {
  in_world([&] {
    constexpr Logger orders("shop.orders"), pets("shop.pets");
    logging_.set_levels({.level = Level::warning, .loggers = {{"shop.orders", Level::debug}}});
    orders.debug("written");
    orders.trace("not written");
    pets.info("not written");
    EXPECT_TRUE(orders.enabled(Level::debug));
    EXPECT_FALSE(pets.enabled(Level::info));
    logging_.set_level("shop.orders", Level::error);
    logging_.set_level(Level::info);
    orders.warning("not written");
    pets.info("written");
    EXPECT_EQ(logging_.levels(), (LogLevels{.level = Level::info, .loggers = {{"shop.orders", Level::error}}}));
  });
  ASSERT_EQ(sink_.lines().size(), 2u);
  EXPECT_EQ(line(0)["logger"].as_string(), "shop.orders");
  EXPECT_EQ(line(1)["logger"].as_string(), "shop.pets");
}

TEST_F(LogLimits, levels_may_change_while_other_threads_log) {
  std::atomic<bool> done = false;
  std::thread changes([&] {
    for (int i = 0; i < 1000; ++i) logging_.set_level("a.b", i % 2 == 0 ? Level::debug : Level::error);
    done = true;
  });
  while (!done) EXPECT_TRUE(logging_.writes(Level::error, "a.b.c"));
  changes.join();
  EXPECT_EQ(logging_.levels().of("a.b"), Level::error);
}

TEST_F(LogLimits, holds_back_repeats_of_a_place_beyond_so_many_a_second_and_tells_how_many) {
  const auto complain = [] { log::warning("the disk is slow"); };
  in_world([&] {
    for (int i = 0; i < 10; ++i) complain();
    log::error("of another place");
    EXPECT_EQ(sink_.lines().size(), 4u);
    runtime::sleep_for(1s);
    complain();
    complain();
  });
  ASSERT_EQ(sink_.lines().size(), 6u);
  EXPECT_EQ(line(4)["suppressed"].as_integer(), 7);
  EXPECT_EQ(line(5).find("suppressed"), nullptr);
  EXPECT_EQ(metrics_.value("mmf_log_lines_suppressed_total"), 7);
  EXPECT_EQ(metrics_.value("mmf_log_lines_total", {{"level", "warning"}}), 5);
  EXPECT_EQ(metrics_.value("mmf_log_lines_total", {{"level", "error"}}), 1);
}

TEST_F(LogLimits, tells_at_the_end_what_no_later_line_told) {
  in_world([] {
    for (int i = 0; i < 10; ++i) log::error("of one place");
  });
  logging_.flush();
  ASSERT_EQ(sink_.lines().size(), 4u);
  EXPECT_EQ(line(3)["message"].as_string(), "lines of this place were held back");
  EXPECT_EQ(line(3)["suppressed"].as_integer(), 7);
  EXPECT_EQ(line(3)["line"], line(2)["line"]);
  EXPECT_EQ(line(3)["file"].as_string(), "log_limits_test.cpp");
  logging_.flush();
  EXPECT_EQ(sink_.lines().size(), 4u) << "told once";
}

TEST_F(LogLimits, never_holds_back_what_is_no_warning) {
  in_world([] {
    for (int i = 0; i < 10; ++i) log::info("fine");
  });
  EXPECT_EQ(sink_.lines().size(), 10u);
}

TEST_F(LogLimits, shows_no_value_under_a_sensitive_name) {
  in_world([] {
    log::info("signed in",
              {{"password", "hunter2"}, {"pinToken", 1234}, {"has_api_key", true}, {"IBAN", "DE02"}, {"id", 7}});
  });
  for (const char* name : {"password", "pinToken", "has_api_key", "IBAN"})
    EXPECT_EQ(line(0)[name].as_string(), "[redacted]") << name;
  EXPECT_EQ(line(0)["id"].as_integer(), 7);
}

}  // namespace
}  // namespace marty::telemetry
