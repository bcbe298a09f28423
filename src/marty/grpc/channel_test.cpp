// How a channel deals with several servers, with broken ones and with ones that go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "marty/grpc/internal/test_server.hpp"
#include "marty/runtime/simulation.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using route::v1::Point;
using route::v1::Route;
using route::v1::Task;
using runtime::SimulatedHost;
using runtime::SimulatedWorld;
using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 8080;

// A server that counts what comes to it, on a host of its own.
class CountingServer {
 public:
  CountingServer(SimulatedHost& host, http::ServerLimits limits = {}) : host_(host), limits_(limits) { start(); }
  ~CountingServer() { stop(); }

  void start() {
    app_ = std::make_unique<web::App>();
    add(*app_, Route{.echo =
                         [this](const Point& point) {
                           enter();
                           return point;
                         },
                     .do_ = [this](const Task&) { enter(); },
                     .missing =
                         [this](const Point& point) {
                           enter();
                           return point;
                         }});
    app_->start();
    host_.run([&] {
      server_ = std::make_unique<http::Server>(*app_,
                                               http::ServerOptions{.address = host_.address(kPort), .limits = limits_});
      server_->start();
    });
  }
  void stop() {
    host_.run([&] { server_.reset(); });
  }
  http::Server& server() { return *server_; }
  std::string target() const { return host_.name() + ":" + std::to_string(kPort); }

  int calls = 0;
  int failures = 0;  // of the next calls
  runtime::Duration takes{0};

 private:
  void enter() {
    ++calls;
    if (takes > 0s) runtime::sleep_for(takes);  // tidy:allow(sleep): virtual
    if (failures > 0) {
      --failures;
      throw Error(Code::unavailable, "come back later");
    }
  }

  SimulatedHost& host_;
  http::ServerLimits limits_;
  std::unique_ptr<web::App> app_;
  std::unique_ptr<http::Server> server_;
};

void in_simulation(const std::function<void(SimulatedWorld&)>& test) {
  SimulatedWorld world({.seed = 20261125});
  world.run([&] { test(world); });
}

TEST(Channels, take_servers_in_turn) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer a(world.host("a")), b(world.host("b")), c(world.host("c"));
    Channel channel(a.target() + "," + b.target() + "," + c.target());
    Route::Client client(channel);
    for (int i = 0; i < 30; ++i) client.echo(Point());
    EXPECT_EQ(a.calls, 10);
    EXPECT_EQ(b.calls, 10);
    EXPECT_EQ(c.calls, 10);
    EXPECT_EQ(a.server().stats().connections_accepted, 1u);
  });
}

TEST(Channels, leave_a_server_alone_that_is_down_and_come_back) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer a(world.host("a")), b(world.host("b"));
    Channel channel(a.target() + "," + b.target());
    Route::Client client(channel);
    client.echo(Point());
    client.echo(Point());
    a.stop();
    for (int i = 0; i < 20; ++i) client.echo(Point());
    EXPECT_EQ(b.calls, 21);
    a.start();
    runtime::sleep_for(3s);  // tidy:allow(sleep): virtual
    for (int i = 0; i < 20; ++i) client.echo(Point());
    EXPECT_EQ(a.calls, 11);
  });
}

TEST(Channels, do_not_fail_the_others_where_one_caller_is_cancelled) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer a(world.host("a"));
    Channel channel(a.target());
    world.network().partition({"a"}, {"main"});
    auto first = runtime::spawn([&] { return error_of([&] { Route::Client(channel).echo(Point()); }).code(); });
    auto second = runtime::spawn([&] { Route::Client(channel).echo(Point()); });
    runtime::sleep_for(100ms);  // tidy:allow(sleep): virtual
    first.cancel();
    runtime::sleep_for(10ms);  // tidy:allow(sleep): virtual
    world.network().heal();
    EXPECT_EQ(first.join(), Code::cancelled);
    second.join();
    EXPECT_EQ(a.calls, 1);
  });
}

TEST(Channels, keep_connections_that_are_in_use) {  // also when names are looked up again
  in_simulation([](SimulatedWorld& world) {
    CountingServer a(world.host("a"));
    Channel channel(a.target());
    for (int i = 0; i < 10; ++i) {
      Route::Client(channel).echo(Point());
      runtime::sleep_for(31s);  // tidy:allow(sleep): virtual
    }
    EXPECT_EQ(a.server().stats().connections_accepted, 1u);
  });
}

TEST(Channels, say_why_nobody_can_be_reached) {
  in_simulation([](SimulatedWorld& world) {
    const std::string target = "a:" + std::to_string(world.host("a").address(kPort).port());
    Channel channel(target);
    const Error error = error_of([&] { Route::Client(channel).missing(Point()); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), testing::StartsWith("route.v1.Route/Missing at a:8080: cannot be reached: "));
    Channel nowhere("no-such-host:80");
    EXPECT_EQ(error_of([&] { Route::Client(nowhere).echo(Point()); }).code(), Code::unavailable);
  });
}

TEST(Channels, repeat_only_what_may_be_repeated) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"));
    Channel channel(server.target());
    Route::Client client(channel);
    server.failures = 2;
    client.do_(Task());  // idempotent, says the .proto
    EXPECT_EQ(server.calls, 3);
    server.failures = 3;
    EXPECT_EQ(error_of([&] { client.echo(Point()); }).code(), Code::unavailable);  // no side effects: two retries
    EXPECT_EQ(server.calls, 6);
    server.failures = 1;
    EXPECT_EQ(error_of([&] { client.missing(Point()); }).code(), Code::unavailable);  // nobody knows
    EXPECT_EQ(server.calls, 7);
  });
}

TEST(Channels, wait_longer_before_each_repeat) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"));
    Channel channel(server.target(), {.retries = 4, .retry_backoff = 100ms});
    server.failures = 4;
    const auto before = runtime::now();
    Route::Client(channel).do_(Task());
    EXPECT_GT(runtime::now() - before, 0.8 * 1500ms);
    EXPECT_LT(runtime::now() - before, 1.2 * 1500ms + 100ms);
    server.failures = 4;
    EXPECT_EQ(error_of([&] { Route::Client(channel).do_(Task(), {.timeout = 200ms}); }).code(),
              Code::deadline_exceeded);
  });
}

TEST(Channels, lose_no_call_when_a_server_drains) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer a(world.host("a")), b(world.host("b"));
    Channel channel(a.target() + "," + b.target());
    a.takes = b.takes = 2ms;
    int good = 0;
    std::vector<runtime::Task<std::function<void()>>> callers;
    for (int i = 0; i < 10; ++i) {
      callers.emplace_back(std::function<void()>([&] {
        for (int j = 0; j < 50; ++j) {
          Route::Client(channel).missing(Point());
          ++good;
        }
      }));
    }
    for (int i = 0; i < 3; ++i) {  // a rolling restart
      for (CountingServer* const server : {&a, &b}) {
        runtime::sleep_for(5ms);  // tidy:allow(sleep): virtual
        EXPECT_TRUE(server->server().drain(1s));
        server->stop();
        server->start();
      }
    }
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(good, 500);
    EXPECT_EQ(a.calls + b.calls, 500);  // and none was carried out twice
  });
}

TEST(Channels, tell_a_cut_call_from_one_that_never_began) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"));
    Channel channel(server.target());
    Route::Client client(channel);
    client.echo(Point());
    server.takes = 10ms;
    auto cutter = runtime::spawn([&] {
      runtime::sleep_for(5ms);  // tidy:allow(sleep): virtual
      world.network().cut_all("a");
    });
    EXPECT_EQ(error_of([&] { client.missing(Point()); }).code(), Code::unavailable);
    EXPECT_EQ(server.calls, 2);
    cutter.join();
    client.missing(Point());  // over a new connection
    auto again = runtime::spawn([&] {
      runtime::sleep_for(5ms);  // tidy:allow(sleep): virtual
      world.network().cut_all("a");
    });
    client.do_(Task());  // may be repeated
    EXPECT_EQ(server.calls, 5);
    again.join();
  });
}

TEST(Channels, open_further_connections_where_one_is_full) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"), {.http2_streams = 2});
    server.takes = 10ms;
    Channel channel(server.target(), {.connections_per_address = 3});
    std::vector<runtime::Task<std::function<void()>>> callers;
    for (int i = 0; i < 20; ++i)
      callers.emplace_back(std::function<void()>([&] { Route::Client(channel).echo(Point()); }));
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(server.calls, 20);
    EXPECT_EQ(server.server().stats().connections_accepted, 3u);
  });
}

TEST(Channels, notice_a_silent_server_by_its_pings) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"));
    server.takes = 1h;
    Channel channel(server.target(), {.timeout = 10min, .ping_interval = 1s, .ping_timeout = 2s});
    const auto before = runtime::now();
    auto cable = runtime::spawn([&] {
      runtime::sleep_for(10s);  // tidy:allow(sleep): virtual
      world.network().partition({"a"}, {"main"});
    });
    EXPECT_EQ(error_of([&] { Route::Client(channel).missing(Point()); }).code(), Code::unavailable);
    EXPECT_GT(runtime::now() - before, 10s);
    EXPECT_LT(runtime::now() - before, 15s);
    cable.join();
    world.network().heal();
  });
}

TEST(Channels, end_their_calls_where_they_go) {
  in_simulation([](SimulatedWorld& world) {
    CountingServer server(world.host("a"));
    server.takes = 1h;
    auto channel = std::make_unique<Channel>(server.target());
    auto caller = runtime::spawn([&] { return error_of([&] { Route::Client(*channel).missing(Point()); }).code(); });
    runtime::sleep_for(10ms);  // tidy:allow(sleep): virtual
    EXPECT_EQ(server.server().stats().requests_in_flight, 1u);
    caller.cancel();
    EXPECT_EQ(caller.join(), Code::cancelled);
    channel.reset();
    runtime::sleep_for(10ms);  // tidy:allow(sleep): virtual
    EXPECT_EQ(server.server().stats().requests_in_flight, 0u);
    EXPECT_EQ(server.server().stats().connections_open, 0u);
  });
}

}  // namespace
}  // namespace marty::grpc
