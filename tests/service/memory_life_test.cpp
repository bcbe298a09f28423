// Memory may run out while a service starts or stops, too. What has started is stopped all the same, in order: nothing
// is used when what it uses has gone, and nothing is left to a destructor that could not do it.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "failing_memory.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/internal/line_observer.hpp"
#include "marty/telemetry/log.hpp"
#include "sqlite/sqlite.hpp"

namespace marty {
namespace {

using failing_memory::failures;
using failing_memory::kNever;
using failing_memory::left;

// Starts and stops a service as often as it takes: `act`, given the service, has one allocation after the other fail.
template <class Act>
int fail_each_of_a_life(long count, int limit, int step, Act&& act) {
  telemetry::internal::line_observer = nullptr;
  for (int place = 0; place < limit; place += step) {
    SCOPED_TRACE("allocation " + std::to_string(place) + " and " + std::to_string(count - 1) + " more");
    bool was_reached = false;
    runtime::World::real({.loops = 2})->run([&] {
      telemetry::RecordingSink log;
      Service service("items", ServiceOptions{.directory = "/nonexistent",
                                              .environment = "development",
                                              .variables = {{"MARTY_SERVER__HTTP_PORT", "0"},
                                                            {"MARTY_ADMIN__PORT", "0"},
                                                            {"MARTY_LOGGING__LEVEL", "trace"}},
                                              .log_sink = &log});
      service.database("sqlite", sqlite::driver);
      service.get(
          "/items", [] { return std::string("none"); }, "Gets all");
      act(
          service, [&] { failures = count, left = place; }, [&] { was_reached = left.exchange(kNever) <= 0; });
    });
    if (!was_reached || ::testing::Test::HasFailure()) return place;
  }
  return limit;
}

class LifeWithoutMemory : public ::testing::TestWithParam<long> {};

TEST_P(LifeWithoutMemory, a_stop_takes_everything_apart) {
  const int places = fail_each_of_a_life(GetParam(), 500, 1, [](Service& service, auto&& begin, auto&& end) {
    service.start();
    const std::uint16_t port = service.address().port();
    EXPECT_NE(port, 0);
    begin();
    service.stop();
    end();
  });
  EXPECT_GT(places, 0);
  std::printf("a stop: %d allocations\n", places);
}

TEST_P(LifeWithoutMemory, a_start_fails_with_an_error_and_takes_everything_apart) {
  const int places = fail_each_of_a_life(GetParam(), 20'000, 61, [](Service& service, auto&& begin, auto&& end) {
    begin();
    try {
      service.start();
    } catch (const std::exception&) {
    }
    end();
    service.stop();
  });
  EXPECT_GT(places, 0);
  std::printf("a start: %d allocations\n", places);
}

INSTANTIATE_TEST_SUITE_P(Failures, LifeWithoutMemory, ::testing::Values(1, 10, 40));

}  // namespace
}  // namespace marty
