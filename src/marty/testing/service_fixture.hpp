// ServiceFixture: a whole service in simulated time, without sockets and files – what a test of a service starts with.
//
//   TEST(Petstore, sells_a_pet_once) {
//     testing::ServiceFixture petstore(petstore::build, {.variables = {{"MARTY_DATABASE__SQLITE__PATH", ":memory:"}}});
//     petstore.run([](testing::Client& client) {
//       EXPECT_EQ(client.post("/api/v1/orders", NewOrder{...}).status, 201);
//     });
//   }
//
// Nothing sleeps: the clock jumps. The same seed gives the same ids and the same order of events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "marty/service/service.hpp"
#include "marty/telemetry/log_sink.hpp"
#include "marty/testing/client.hpp"

namespace marty::testing {

struct ServiceFixtureOptions {
  config::Variables variables;  // configuration, as environment variables
  std::string directory = ".";  // of config/ and migrations/
  std::uint64_t seed = 1;
};

class ServiceFixture {
 public:
  using Build = std::function<void(Service&)>;
  explicit ServiceFixture(Build build, ServiceFixtureOptions options = {});

  // Builds and starts the service in the environment "testing", calls `test` on a fiber, and stops the service.
  // Rethrows what `test`, or the start, threw.
  void run(const std::function<void(Client& client, Service& service)>& test);
  void run(const std::function<void(Client& client)>& test) {
    run([&test](Client& client, Service&) { test(client); });
  }

  std::vector<std::string> log_lines() const { return log_.lines(); }  // of the runs so far

 private:
  Build build_;
  ServiceFixtureOptions options_;
  telemetry::RecordingSink log_;
};

}  // namespace marty::testing
