// One server on several loops, each on its own thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::LambdaHandler;
using internal::TestServer;
using internal::url_of;

void run_on_two_loops(std::function<void()> test) { runtime::World::real({.loops = 2})->run(std::move(test)); }

// `count` requests on a connection each, from every loop at the same time.
void ask_from_every_loop(const runtime::Address& address, int count) {
  const auto ask = [&] {
    for (int i = 0; i < count; ++i) EXPECT_EQ(Client().get(url_of(address)).status, 200);
  };
  std::vector<runtime::Task<std::function<void()>>> tasks;
  for (runtime::Loop* loop : runtime::World::current().loops()) {
    tasks.emplace_back(std::function<void()>([loop, &ask] { runtime::run_on(*loop, ask); }));
  }
  for (auto& task : tasks) task.join();
}

TEST(ServerOnSeveralLoops, serves_on_all_of_them) {
  run_on_two_loops([] {
    std::array<std::atomic<int>, 2> served{};
    TestServer test([&](Request&, Response&) { ++served[runtime::Loop::current().index()]; });
    ask_from_every_loop(test.server.address(), 200);
    EXPECT_EQ(served[0] + served[1], 400);
    EXPECT_GT(served[0], 0);
    EXPECT_GT(served[1], 0);
    EXPECT_EQ(test.server.stats().requests, 400u);
    EXPECT_EQ(test.server.stats().connections_accepted, 400u);
  });
}

TEST(ServerOnSeveralLoops, starts_and_stops_while_clients_keep_connections) {
  run_on_two_loops([] {
    LambdaHandler handler([](Request&, Response& response) { response.body() = "ok"; });
    Server server(handler, {.address = runtime::Address::ip("127.0.0.1", 0),
                            .limits = {.drain_grace = std::chrono::milliseconds(5)}});
    for (int i = 0; i < 100; ++i) {
      server.start();
      Client client;
      EXPECT_EQ(client.get(url_of(server.address())).body, "ok");
      ask_from_every_loop(server.address(), 2);
      EXPECT_TRUE(server.drain(std::chrono::seconds(5)));
    }
    EXPECT_EQ(server.stats().requests, 500u);
    EXPECT_EQ(server.stats().connections_open, 0u);
  });
}

// While the first loop stops accepting, the last connection of the second closes there and new ones come.
TEST(ServerOnSeveralLoops, drains_until_no_handler_is_left_though_connections_come_and_go) {
  run_on_two_loops([] {
    constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    runtime::Loop& other = *runtime::World::current().loops()[1];
    std::atomic<bool> draining{false}, gave_up{false};
    std::atomic<int> waiting{0};
    runtime::Event ready, release;
    TestServer test([&](Request&, Response& response) {
      if (!draining) return void(response.body() = "loop " + std::to_string(runtime::Loop::current().index()) + ".");
      ++waiting;
      release.wait();
      --waiting;
    });
    const auto connect_to_other_loop = [&] {
      for (;;) {
        auto client = std::make_unique<internal::RawClient>(test.server.address());
        client->send(kGet);
        client->read_until("loop ");
        if (client->read_until(".") == "1.") return client;
      }
    };
    const auto come_and_go = [&] {
      auto last = connect_to_other_loop();
      while (test.server.stats().connections_open > 1) runtime::yield();
      ready.set();
      while (!draining) runtime::yield();
      last.reset();
      while (test.server.stats().connections_open > 0) runtime::yield();
      std::vector<internal::RawClient> next;  // where the first loop has them they stay unheard
      try {
        const runtime::DeadlineScope scope(std::chrono::milliseconds(100));
        for (int i = 0; i < 32; ++i) next.emplace_back(test.server.address()).send(kGet);
      } catch (const Error&) {  // this loop lets nobody in by now
      }
      gave_up = true;
      release.wait();
    };
    auto clients = runtime::spawn([&] { runtime::run_on(other, come_and_go); });
    ready.wait();
    auto meanwhile = runtime::spawn([&] {  // first runs when the drain waits for the other loop
      draining = true;
      while (waiting == 0 && !gave_up) {
      }
      for (int i = 0; i < 20; ++i) runtime::run_on(other, [] {});
      release.set();
    });
    EXPECT_TRUE(test.server.drain(std::chrono::seconds(5)));
    EXPECT_EQ(waiting, 0);
    meanwhile.join();
    clients.join();
  });
}

TEST(ServerOnSeveralLoops, counts_what_is_in_flight_on_all_loops_together) {
  run_on_two_loops([] {
    runtime::Event release;
    std::atomic<int> entered{0};
    runtime::Semaphore arrivals(0);
    TestServer test(
        [&](Request&, Response&) {
          ++entered;
          arrivals.release();
          release.wait();
        },
        {.in_flight = 3});
    Client client;
    std::vector<runtime::Task<std::function<int()>>> waiting;
    const auto ask = std::function<int()>([&] { return client.get(url_of(test.server.address())).status; });
    for (int i = 0; i < 3; ++i) waiting.emplace_back(ask);
    for (int i = 0; i < 3; ++i) arrivals.acquire();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(Client().get(url_of(test.server.address())).status, 503);
    release.set();
    for (auto& task : waiting) EXPECT_EQ(task.join(), 200);
    EXPECT_EQ(entered, 3);
  });
}

TEST(ServerOnSeveralLoops, cancels_handlers_of_all_loops_when_time_is_up) {
  run_on_two_loops([] {
    runtime::Event never;
    runtime::Semaphore arrivals(0);
    TestServer test([&](Request&, Response&) {
      arrivals.release();
      never.wait();
    });
    Client client;
    std::vector<runtime::Task<std::function<int()>>> waiting;
    for (int i = 0; i < 16; ++i) {
      waiting.emplace_back(std::function<int()>([&] { return client.get(url_of(test.server.address())).status; }));
    }
    for (int i = 0; i < 16; ++i) arrivals.acquire();
    EXPECT_FALSE(test.server.drain(std::chrono::milliseconds(1)));
    for (auto& task : waiting) EXPECT_EQ(task.join(), 503);
  });
}

TEST(ServerOnSeveralLoops, refuses_a_port_that_another_process_has_though_it_would_share_it) {
  run_on_two_loops([] {
    const runtime::Listener foreign =
        runtime::listen(runtime::Address::ip("127.0.0.1", 0), {.sharing = runtime::PortSharing::next});
    LambdaHandler handler([](Request&, Response&) {});
    Server server(handler, {.address = foreign.local_address()});
    const Error error = error_of([&] { server.start(); });
    EXPECT_EQ(error.code(), Code::already_exists);
    EXPECT_THAT(error.message(), testing::HasSubstr(foreign.local_address().to_string() + ": it is taken"));
  });
}

TEST(ServerOnSeveralLoops, serves_a_unix_socket_on_the_first) {
  run_on_two_loops([] {
    const std::string path = testing::TempDir() + "marty_http_test.sock";
    LambdaHandler handler([](Request&, Response& response) { response.body() = "ok"; });
    Server server(handler, {.address = runtime::Address::parse("unix:" + path)});
    server.start();
    EXPECT_THAT(internal::talk(server.address(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), testing::EndsWith("ok"));
    EXPECT_TRUE(server.drain(std::chrono::seconds(1)));
  });
}

}  // namespace
}  // namespace marty::http
