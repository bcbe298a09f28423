// Every timeout of the client, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::url_of;
using internal::WorldKind;

void simulate(std::function<void()> test) { run_in(WorldKind::simulated, std::move(test)); }

TEST(ClientTimeout, ends_an_exchange_that_takes_too_long) {
  simulate([] {
    TestServer test([](Request&, Response&) { runtime::sleep_for(std::chrono::hours(1)); });
    const runtime::TimePoint start = runtime::now();
    EXPECT_EQ(error_of([&] { Client({.timeout = std::chrono::seconds(7)}).get(url_of(test.server.address())); }).code(),
              Code::deadline_exceeded);
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(runtime::now() - start).count(), 7);
  });
}

TEST(ClientTimeout, obeys_an_earlier_deadline_of_the_fiber) {
  simulate([] {
    TestServer test([](Request&, Response&) { runtime::sleep_for(std::chrono::hours(1)); });
    const runtime::TimePoint start = runtime::now();
    const runtime::DeadlineScope scope(std::chrono::seconds(3));
    EXPECT_EQ(error_of([&] { Client().get(url_of(test.server.address())); }).code(), Code::deadline_exceeded);
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(runtime::now() - start).count(), 3);
  });
}

TEST(ClientTimeout, closes_connections_that_were_idle_for_too_long) {
  simulate([] {
    TestServer test([](Request&, Response&) {}, {.idle_timeout = std::chrono::hours(1)});
    Client client({.idle_timeout = std::chrono::seconds(60)});
    client.get(url_of(test.server.address()));
    runtime::sleep_for(std::chrono::seconds(59));
    client.get(url_of(test.server.address()));
    EXPECT_EQ(test.server.stats().connections_accepted, 1u);
    runtime::sleep_for(std::chrono::seconds(61));
    client.get(url_of(test.server.address()));
    EXPECT_EQ(test.server.stats().connections_accepted, 2u);
  });
}

TEST(ClientTimeout, lets_go_of_a_connection_that_the_server_closed_while_it_was_idle) {
  simulate([] {
    TestServer test([](Request& request, Response& response) { response.body() = request.body(); },
                    {.idle_timeout = std::chrono::seconds(10)});
    Client client;
    client.get(url_of(test.server.address()));
    runtime::sleep_for(std::chrono::seconds(20));
    EXPECT_EQ(client.send({.method = Method::post, .url = url_of(test.server.address()), .body = "once"}).body, "once");
    EXPECT_EQ(test.server.stats().requests, 2u);
  });
}

// A host that takes no connection and refuses none.
void with_black_hole(const std::function<void(const std::string& url)>& test) {
  runtime::SimulatedWorld world({.seed = 20261130});
  world.run([&] {
    const std::string url = "http://" + world.host("hole").address(80).to_string() + "/";
    world.network().partition({"main"}, {"hole"});
    test(url);
  });
}

TEST(ClientTimeout, requests_that_wait_for_one_attempt_to_connect_share_its_outcome) {
  for (const ClientOptions& options :
       {ClientOptions{.protocol = Protocol::http2}, ClientOptions{.connections_per_origin = 4}}) {
    with_black_hole([&](const std::string& url) {
      Client client(options);
      const runtime::TimePoint start = runtime::now();
      int unavailable = 0;
      auto ask = [&] {
        const Error error = error_of([&] { client.get(url); });
        EXPECT_EQ(error.code(), Code::unavailable) << error.message();
        ++unavailable;
      };
      std::vector<runtime::Task<decltype(ask)>> waiting;
      for (int i = 0; i < 100; ++i) waiting.push_back(runtime::spawn(ask));
      for (auto& each : waiting) each.join();
      EXPECT_EQ(unavailable, 100);
      EXPECT_EQ(runtime::now() - start, options.connect_timeout);
    });
  }
}

TEST(ClientTimeout, an_attempt_that_its_caller_gives_up_tells_the_others_nothing) {
  for (const ClientOptions& options :
       {ClientOptions{.protocol = Protocol::http2}, ClientOptions{.connections_per_origin = 1}}) {
    with_black_hole([&](const std::string& url) {
      Client client(options);
      auto hasty = runtime::spawn([&] {
        const runtime::DeadlineScope scope(std::chrono::seconds(1));
        EXPECT_EQ(error_of([&] { client.get(url); }).code(), Code::deadline_exceeded);
      });
      runtime::yield();
      const runtime::TimePoint start = runtime::now();
      EXPECT_EQ(error_of([&] { client.get(url); }).code(), Code::unavailable);
      EXPECT_EQ(runtime::now() - start, std::chrono::seconds(1) + options.connect_timeout);
      hasty.join();
    });
  }
}

TEST(ClientTimeout, a_request_behind_a_failed_attempt_makes_one_of_its_own) {
  runtime::SimulatedWorld world({.seed = 20261130});
  world.run([&] {
    TestServer test([](Request&, Response& response) { response.body() = "back"; });
    const std::uint16_t port = test.server.address().port();
    test.server.drain(std::chrono::seconds(0));
    const std::string url = url_of(runtime::Address::ip("127.0.0.1", port));
    Client client({.protocol = Protocol::http2});
    EXPECT_EQ(error_of([&] { client.get(url); }).code(), Code::unavailable);
    Server again(test.handler, {.address = runtime::Address::ip("127.0.0.1", port)});
    again.start();
    EXPECT_EQ(client.get(url).body, "back");
  });
}

}  // namespace
}  // namespace marty::http
