#include "marty/testing/service_fixture.hpp"

#include <utility>

#include "marty/runtime/simulation.hpp"

namespace marty::testing {

ServiceFixture::ServiceFixture(Build build, ServiceFixtureOptions options)
    : build_(std::move(build)), options_(std::move(options)) {}

void ServiceFixture::run(const std::function<void(Client& client, Service& service)>& test) {
  runtime::SimulatedWorld world({.seed = options_.seed});
  world.run([&] {
    Service service("test", ServiceOptions{.directory = options_.directory,
                                           .environment = "testing",
                                           .variables = options_.variables,
                                           .log_sink = &log_,
                                           .listen = false});
    build_(service);
    service.start();
    Client client(service.app());
    try {
      test(client, service);
    } catch (...) {
      service.stop();
      throw;
    }
    service.stop();
  });
}

}  // namespace marty::testing
