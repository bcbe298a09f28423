#include "marty/service/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"

namespace marty {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Greeting {
  std::string message;
};

struct Greeter {
  std::string word;
};

Greeting greet(Path<std::string> name, const Greeter& greeter) { return {greeter.word + ", " + *name + "!"}; }

// The options of a test: nothing of the process's environment, no files, a free port.
ServiceOptions options(telemetry::LogSink& log, config::Variables variables = {}) {
  variables.emplace("MARTY_SERVER__HTTP_PORT", "0");
  return {.directory = "/nonexistent", .environment = "testing", .variables = std::move(variables), .log_sink = &log};
}

std::string failure_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error&) {
    return describe(std::current_exception());
  }
  return "nothing was thrown";
}

TEST(Service, serves_its_routes_with_its_dependencies) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.provide([] { return Greeter{"Hello"}; });
    service.get("/hello/{name}", greet, "Greet somebody");
    service.start();
    http::Client client;
    EXPECT_EQ(client.get("http://" + service.address().to_string() + "/hello/you").body,
              R"({"message":"Hello, you!"})");
    service.stop();
  });
}

Greeting count(Path<std::string> name, telemetry::Metrics& metrics) {
  metrics.counter("greetings_total", "Greetings.", {{"name", *name}}).add();
  return {"counted"};
}

TEST(Service, a_handler_counts_in_one_line_and_metrics_come_as_the_client_prefers) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.get("/hello/{name}", count, "Greet somebody");
    service.start();
    const std::string url = "http://" + service.address().to_string();
    http::Client client;
    client.get(url + "/hello/you");
    EXPECT_THAT(client.get(url + "/metrics").body, HasSubstr("\n# TYPE greetings_total counter\n"
                                                             "greetings_total{name=\"you\"} 1\n"));
    const http::Reply preferred = client.send(
        {.url = url + "/metrics", .headers = {{"accept", "application/openmetrics-text, text/plain;q=0.5"}}});
    EXPECT_EQ(preferred.header("content-type"), telemetry::kOpenMetricsContentType);
    EXPECT_THAT(preferred.body, HasSubstr("# TYPE greetings counter\n"));
    EXPECT_THAT(preferred.body, HasSubstr(" # {trace_id=\""));
    EXPECT_THAT(preferred.body, HasSubstr("\nmmf_connections{server=\"http\"} 1\n"));
    service.stop();
  });
}

TEST(Service, a_missing_dependency_stops_the_start_naming_route_and_type) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.get("/hello/{name}", greet, "Greet somebody");
    const std::string failure = failure_of([&] { service.start(); });
    EXPECT_THAT(failure, HasSubstr("GET /hello/{name}"));
    EXPECT_THAT(failure, HasSubstr("Greeter"));
  });
}

TEST(Service, a_taken_port_stops_the_start_naming_the_key) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    const runtime::Listener other = runtime::listen(runtime::Address::ip("127.0.0.1", 8080));
    Service service("hello", options(log, {{"MARTY_SERVER__HTTP_PORT", "8080"}}));
    EXPECT_THAT(failure_of([&] { service.start(); }), HasSubstr("MARTY_SERVER__HTTP_PORT"));
  });
}

TEST(Service, an_unknown_key_stops_the_start_naming_the_nearest) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log, {{"MARTY_SERVER__HTTP_PROT", "1"}}));
    EXPECT_THAT(failure_of([&] { service.start(); }), HasSubstr("server.http_port"));
  });
}

struct Limits {
  int greetings = 3;
  static constexpr auto rules = marty::rules(field<&Limits::greetings>.range(1, 10));
};

TEST(Service, hands_configured_sections_to_hooks_and_stops_in_reverse) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    std::vector<std::string> order;
    Service service("hello", options(log, {{"MARTY_LIMITS__GREETINGS", "7"}}));
    service.configure<Limits>("limits");
    service.on_start("first",
                     [&](const Limits& limits) { order.push_back("+first " + std::to_string(limits.greetings)); });
    service.on_stop("first", [&](const Limits&) { order.push_back("-first"); });
    service.on_stop("second", [&](const Limits&) { order.push_back("-second"); });
    service.start();
    service.stop();
    EXPECT_THAT(order, testing::ElementsAre("+first 7", "-second", "-first"));
  });
}

TEST(Service, is_not_ready_while_a_required_component_fails) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    bool well = true;
    Service service("hello", options(log));
    service.health_check({.name = "payments", .check = [&] {
                            if (!well) throw Error(Code::unavailable, "no answer from 10.0.0.7");
                          }});
    service.start();
    http::Client client;
    const std::string url = "http://" + service.address().to_string();
    EXPECT_EQ(client.get(url + "/health/ready").status, 200);
    well = false;
    runtime::sleep_for(std::chrono::seconds(1));
    EXPECT_EQ(client.get(url + "/health/ready").status, 503);
    EXPECT_EQ(client.get(url + "/health/live").status, 200);
    for (const char* path : {"/health", "/health/ready"}) {
      const std::string report = client.get(url + path).body;
      EXPECT_THAT(report, HasSubstr(R"("code":"unavailable")"));
      EXPECT_THAT(report, Not(HasSubstr("10.0.0.7"))) << "what strangers must not know";
    }
    EXPECT_THAT(log.lines(), testing::Contains(HasSubstr("no answer from 10.0.0.7")).Times(1));
    service.stop();
  });
}

TEST(Service, is_red_to_probes_before_it_refuses_connections) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log, {{"MARTY_SERVER__DRAIN_DELAY", "5s"}}));
    service.start();
    const std::string url = "http://" + service.address().to_string();
    auto stopping = runtime::spawn([&] { service.stop(); });
    runtime::sleep_for(std::chrono::seconds(4));
    EXPECT_EQ(http::Client().get(url + "/health/ready").status, 503);
    const http::Reply live = http::Client().get(url + "/health/live");
    EXPECT_EQ(live.status, 200);
    EXPECT_EQ(live.header("connection"), "close") << "RFC 9112 section 9.6";
    runtime::sleep_for(std::chrono::seconds(2));
    EXPECT_THROW(http::Client().get(url + "/health/live"), Error);
    stopping.join();
  });
}

TEST(Service, stops_without_having_started) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.stop();
    EXPECT_TRUE(log.lines().empty());
  });
}

TEST(Service, logs_what_is_odd_in_its_configuration) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log, {{"MARTY_SERVER_HTTP_PORT", "9000"}}));
    service.start();
    EXPECT_THAT(log.lines().at(0), HasSubstr("did you mean MARTY_SERVER__HTTP_PORT?"));
    service.stop();
  });
}

TEST(Service, tells_that_it_has_started_without_asking_its_components) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.health_check({.name = "payments", .check = [] { runtime::sleep_for(std::chrono::hours(1)); }});
    service.start();
    const runtime::TimePoint before = runtime::now();
    EXPECT_EQ(http::Client().get("http://" + service.address().to_string() + "/health/startup").status, 200);
    EXPECT_LT(runtime::now() - before, std::chrono::seconds(1));
    service.stop();
  });
}

TEST(Service, finishes_what_is_in_flight_before_it_stops) {
  runtime::SimulatedWorld world;
  world.run([&] {
    telemetry::RecordingSink log;
    Service service("slow", options(log));
    service.get(
        "/slow",
        [] {
          runtime::sleep_for(std::chrono::seconds(5));
          return Greeting{"done"};
        },
        "Takes its time");
    service.start();
    const std::string url = "http://" + service.address().to_string() + "/slow";
    auto request = runtime::spawn([&] { return http::Client().get(url).status; });
    runtime::sleep_for(std::chrono::seconds(1));
    service.stop();
    EXPECT_EQ(request.join(), 200);
  });
}

struct Job {
  std::optional<runtime::Task<std::function<void()>>> task;
};

TEST(Service, logs_what_ends_a_fiber_that_nobody_joins) {
  runtime::SimulatedWorld().run([] {
    telemetry::RecordingSink log;
    Service service("dies", options(log));
    service.provide([] { return std::make_unique<Job>(); });
    service.on_start("job",
                     [](Job& job) { job.task.emplace([] { throw std::runtime_error("the job broke"); }, "job"); });
    service.on_stop("job", [](Job& job) { job.task.reset(); });
    service.start();
    runtime::sleep_for(std::chrono::seconds(10));
    EXPECT_THAT(log.lines(), testing::Contains(testing::AllOf(
                                 HasSubstr("\"level\":\"error\""), HasSubstr("\"logger\":\"marty.runtime\""),
                                 HasSubstr("the job broke"), HasSubstr("\"fiber\":\"job\""))));
    service.stop();
  });
}

// Descriptors and threads of this process, by what /proc lists.
std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()));
}

void start_and_stop() {
  runtime::World::real({.loops = 1})->run([] {
    telemetry::RecordingSink log;
    Service service("hello", options(log));
    service.provide([] { return Greeter{"Hello"}; });
    service.get("/hello/{name}", greet, "Greet somebody");
    service.start();
    EXPECT_EQ(http::Client().get("http://" + service.address().to_string() + "/hello/you").status, 200);
    service.stop();
  });
}

TEST(Service, starts_and_stops_a_thousand_times_without_leaking) {
  for (int i = 0; i < 50; ++i) start_and_stop();
  const std::size_t descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  const std::size_t bytes = mallinfo2().uordblks;
  for (int i = 0; i < 1000; ++i) start_and_stop();
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  EXPECT_LT(mallinfo2().uordblks, bytes + 64 * 1024);
}

}  // namespace
}  // namespace marty
