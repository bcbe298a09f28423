#include "marty/service/lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::service {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

// Parts that write down what happens to them.
struct Parts {
  std::vector<std::string> log;
  Lifecycle lifecycle{[this](const std::string& part) { log.push_back("hangs: " + part); }};

  void add(const std::string& name, std::function<void()> on_start = {}, std::function<void()> on_stop = {}) {
    lifecycle.add({.name = name,
                   .start =
                       [this, name, on_start] {
                         log.push_back("+" + name);
                         if (on_start) on_start();
                       },
                   .stop =
                       [this, name, on_stop] {
                         log.push_back("-" + name);
                         if (on_stop) on_stop();
                       }});
  }
};

void in_simulation(const std::function<void()>& test) { runtime::SimulatedWorld().run(test); }

TEST(Lifecycle, starts_in_order_and_stops_in_reverse) {
  in_simulation([] {
    Parts parts;
    for (const char* name : {"database", "cache", "http"}) parts.add(name);
    parts.lifecycle.start();
    EXPECT_TRUE(parts.lifecycle.running());
    EXPECT_THAT(parts.lifecycle.stop(), ElementsAre());
    EXPECT_THAT(parts.log, ElementsAre("+database", "+cache", "+http", "-http", "-cache", "-database"));
  });
}

TEST(Lifecycle, a_failed_start_stops_what_ran_and_names_the_part) {
  in_simulation([] {
    Parts parts;
    parts.add("database");
    parts.add("http", [] { throw Error(Code::already_exists, "port 8080 is taken"); });
    parts.add("never");
    try {
      parts.lifecycle.start();
      FAIL() << "started";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::already_exists);
      EXPECT_EQ(describe(std::current_exception()),
                "already_exists: cannot start http: already_exists: port 8080 is taken");
    }
    EXPECT_THAT(parts.log, ElementsAre("+database", "+http", "-database"));
    EXPECT_FALSE(parts.lifecycle.running());
  });
}

TEST(Lifecycle, a_start_that_takes_too_long_is_a_deadline_exceeded) {
  in_simulation([] {
    Parts parts;
    parts.add("broker", [] { runtime::sleep_for(1h); });
    const runtime::TimePoint before = runtime::now();
    try {
      parts.lifecycle.start();
      FAIL() << "started";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::deadline_exceeded);
      EXPECT_THAT(describe(std::current_exception()), testing::HasSubstr("start broker: deadline_exceeded: it took"));
    }
    EXPECT_EQ(runtime::now() - before, 5s);
  });
}

TEST(Lifecycle, a_fiber_that_a_start_leaves_behind_outlives_its_timeout) {
  in_simulation([] {
    Parts parts;
    int ticks = 0;
    using Ticker = runtime::Task<std::function<void()>>;
    std::optional<Ticker> ticker;
    const auto tick = [&] {
      for (;;) {
        runtime::sleep_for(1s);
        ++ticks;
      }
    };
    parts.add(
        "ticker", [&] { ticker.emplace(std::function<void()>(tick)); }, [&] { ticker.reset(); });
    parts.lifecycle.start();
    runtime::sleep_for(20500ms);
    EXPECT_EQ(ticks, 20);
    EXPECT_THAT(parts.lifecycle.stop(), ElementsAre());
  });
}

TEST(Lifecycle, a_cancelled_start_still_lets_what_ran_stop_in_its_time) {
  in_simulation([] {
    Parts parts;
    bool flushed = false;
    parts.add("cache", {}, [&] {
      runtime::sleep_for(1s);
      flushed = true;
    });
    parts.add("broker", [] { runtime::sleep_for(4s); });
    auto starting = runtime::spawn([&] { parts.lifecycle.start(); });
    runtime::sleep_for(1s);
    starting.cancel();
    EXPECT_THROW(starting.join(), Error);
    EXPECT_TRUE(flushed);
  });
}

TEST(Lifecycle, stop_goes_on_past_failures_and_slow_parts) {
  in_simulation([] {
    Parts parts;
    parts.add("database");
    parts.add("cache", {}, [] { throw std::runtime_error("socket gone"); });
    parts.add("http", {}, [] { runtime::sleep_for(1h); });
    parts.lifecycle.start();
    const std::vector<std::string> failures = parts.lifecycle.stop();
    ASSERT_EQ(failures.size(), 2u);
    EXPECT_TRUE(failures[0].starts_with("cannot stop http: deadline_exceeded")) << failures[0];
    EXPECT_EQ(failures[1], "cannot stop cache: socket gone");
    EXPECT_EQ(parts.log.back(), "-database");
  });
}

TEST(Lifecycle, tells_of_a_part_that_goes_on_though_it_was_cancelled) {
  in_simulation([] {
    Parts parts;
    const auto stubborn = [] {
      const runtime::ShieldScope shield;
      runtime::sleep_for(1min);
    };
    parts.add("cache", {}, stubborn);
    parts.lifecycle.start();
    const runtime::TimePoint before = runtime::now();
    auto stopping = runtime::spawn([&] { return parts.lifecycle.stop(); });
    runtime::sleep_for(14s);  // ten that it has, and nearly five
    EXPECT_THAT(parts.log, ElementsAre("+cache", "-cache"));
    runtime::sleep_for(2s);
    EXPECT_THAT(parts.log, ElementsAre("+cache", "-cache", "hangs: cache"));
    stopping.join();
    EXPECT_GE(runtime::now() - before, 1min);
    EXPECT_EQ(parts.log.size(), 3u);
  });
}

TEST(Lifecycle, tells_of_a_start_that_goes_on_though_it_was_cancelled) {
  in_simulation([] {
    Parts parts;
    parts.add("broker", [] {
      const runtime::ShieldScope shield;
      runtime::sleep_for(1min);
    });
    auto starting = runtime::spawn([&] { parts.lifecycle.start(); });
    runtime::sleep_for(11s);
    EXPECT_THAT(parts.log, ElementsAre("+broker", "hangs: broker"));
    starting.join();
    parts.lifecycle.stop();
  });
}

TEST(Lifecycle, can_be_started_again) {
  in_simulation([] {
    Parts parts;
    parts.add("http");
    for (int round = 0; round < 3; ++round) {
      parts.lifecycle.start();
      parts.lifecycle.stop();
    }
    EXPECT_EQ(parts.log.size(), 6u);
  });
}

}  // namespace
}  // namespace marty::service
