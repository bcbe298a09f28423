// How a server goes without losing a request that it can answer (RFC 9112 section 9.6, RFC 9113 section 6.8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::http {
namespace {

using internal::hello;
using internal::RawClient;
using internal::TestServer;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const auto kLastReply = AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close\r\n"), EndsWith("hello"));

class DrainTest : public internal::WorldTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, DrainTest, internal::kBothWorlds, internal::world_name);

// A connection that the server keeps after a first request.
std::unique_ptr<RawClient> keep_connection(const runtime::Address& address) {
  auto client = std::make_unique<RawClient>(address);
  client->send(kGet);
  EXPECT_THAT(client->read_until("hello"), Not(HasSubstr("Connection: close")));
  return client;
}

// Lets the server begin, and does not wait for its end.
auto begin_drain(Server& server) {
  auto drain = runtime::spawn([&server] { return server.drain(10s); });
  runtime::sleep_for(10ms);
  return drain;
}

TEST_P(DrainTest, the_next_request_of_a_kept_connection_is_answered_as_the_last) {
  run([] {
    TestServer test(hello);
    const auto client = keep_connection(test.server.address());
    auto drain = begin_drain(test.server);
    client->send(kGet);
    EXPECT_THAT(client->read_to_end(), kLastReply);
    client->close();
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, a_request_that_has_arrived_is_answered_though_nobody_has_looked_yet) {
  run([] {
    TestServer test(hello);
    const auto client = keep_connection(test.server.address());
    client->send(kGet);
    auto drain = runtime::spawn([&] { return test.server.drain(10s); });
    EXPECT_THAT(client->read_to_end(), kLastReply);
    client->close();
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, who_has_connected_is_served_once) {
  run([] {
    TestServer test(hello);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 64; ++i) {
      clients.push_back(std::make_unique<RawClient>(test.server.address()));
      clients.back()->send(kGet);
    }
    auto drain = runtime::spawn([&] { return test.server.drain(10s); });
    for (const auto& client : clients) {
      EXPECT_THAT(client->read_to_end(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("hello")));
      client->close();
    }
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, of_pipelined_requests_the_last_is_told_and_all_are_answered) {
  run([] {
    TestServer test(hello);
    const auto client = keep_connection(test.server.address());
    auto drain = begin_drain(test.server);
    client->send(std::string(kGet) + std::string(kGet) + std::string(kGet));
    for (int i = 0; i < 2; ++i) EXPECT_THAT(client->read_until("hello"), Not(HasSubstr("Connection: close")));
    EXPECT_THAT(client->read_to_end(), kLastReply);
    client->close();
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, a_request_that_comes_in_pieces_is_answered) {
  run([] {
    TestServer test(hello);
    const auto head = keep_connection(test.server.address());
    const auto body = keep_connection(test.server.address());
    head->send(kGet.substr(0, 10));
    body->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    auto drain = begin_drain(test.server);
    head->send(kGet.substr(10));
    body->send("cd");
    for (const auto& client : {head.get(), body.get()}) {
      EXPECT_THAT(client->read_to_end(), kLastReply);
      client->close();
    }
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, a_silent_connection_ends_after_the_grace) {
  run([] {
    TestServer test(hello, {.drain_grace = 100ms});
    const auto client = keep_connection(test.server.address());
    const runtime::TimePoint before = runtime::now();
    auto drain = begin_drain(test.server);
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_GE(runtime::now() - before, 100ms);
    client->close();
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, a_request_that_crosses_the_end_meets_no_reset) {
  run([] {
    TestServer test(hello, {.drain_grace = 200ms});
    const auto client = keep_connection(test.server.address());
    auto drain = begin_drain(test.server);
    EXPECT_EQ(client->read_to_end(), "");
    client->send(kGet);  // a client that has not seen the end yet
    runtime::sleep_for(20ms);
    EXPECT_EQ(client->read_to_end(), "");
    client->close();
    EXPECT_TRUE(drain.join());
  });
}

TEST_P(DrainTest, a_client_that_keeps_an_ended_connection_is_not_waited_for_long) {
  run([] {
    TestServer test(hello, {.drain_grace = 50ms});
    const auto client = keep_connection(test.server.address());
    EXPECT_TRUE(test.server.drain(10s));
    EXPECT_EQ(test.server.stats().connections_open, 0u);
  });
}

TEST_P(DrainTest, a_client_that_honours_close_loses_nothing) {
  run([] {
    TestServer test([](Request& request, Response& response) {
      request.body();
      runtime::sleep_for(1ms);
      response.set_body("done", "text/plain");
    });
    const std::string url = internal::url_of(test.server.address());
    int failed = 0, served = 0;
    const auto work = [&](const OutgoingRequest& request) {
      Client client({.protocol = Protocol::http1, .retries = 0});
      for (Reply reply; reply.header("connection") != "close";) {
        reply = client.send(request);
        reply.status == 200 ? ++served : ++failed;
      }
    };
    std::vector<runtime::Task<std::function<void()>>> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&, i] {
        work({.method = i % 2 == 0 ? Method::get : Method::post, .url = url, .body = i % 2 == 0 ? "" : "some"});
      });
    }
    runtime::sleep_for(30ms);
    EXPECT_TRUE(test.server.drain(10s));
    for (auto& client : clients) client.join();
    EXPECT_EQ(failed, 0);
    EXPECT_GE(served, 32);
  });
}

TEST_P(DrainTest, an_announced_one_sends_clients_away_and_lets_others_in) {
  run([] {
    TestServer test(hello);
    const auto kept = keep_connection(test.server.address());
    test.server.announce_drain();
    kept->send(kGet);
    EXPECT_THAT(kept->read_to_end(), kLastReply);
    RawClient another(test.server.address());
    another.send(kGet);
    EXPECT_THAT(another.read_to_end(), kLastReply);
    Client newer({.protocol = Protocol::http2});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(newer.get(internal::url_of(test.server.address())).status, 200);
  });
}

// The loop of a handler that computes, or is stuck in a lock, hears of nothing.
TEST(Drain, is_announced_also_where_a_loop_is_held_by_a_handler) {
  runtime::World::real({.loops = 2})->run([] {
    TestServer test(hello);
    std::atomic<bool> held = false, released = false;
    auto& other = *runtime::World::current().loops().back();
    ASSERT_NE(&other, &runtime::Loop::current());
    other.post([&] {
      held = true;
      while (!released) {
      }
    });
    while (!held) runtime::yield();
    test.server.announce_drain();  // would wait for ever if it asked that loop
    released = true;
  });
}

TEST(Drain, that_is_hurried_cuts_requests_off) {
  internal::run_in(internal::WorldKind::simulated, [] {
    runtime::Event never, hurry;
    TestServer test([&](Request&, Response&) { never.wait(); });
    RawClient busy(test.server.address());
    busy.send(kGet);
    const runtime::TimePoint before = runtime::now();
    auto drain = runtime::spawn([&] {
      const runtime::ShieldScope shield;  // of whoever stops, so that no cancellation reaches the drain
      return test.server.drain(60s, &hurry);
    });
    runtime::sleep_for(2s);
    hurry.set();
    EXPECT_FALSE(drain.join());
    EXPECT_LT(runtime::now() - before, 3s);
    EXPECT_THAT(busy.read_to_end(), StartsWith("HTTP/1.1 503 "));
  });
}

TEST(Drain, tells_of_requests_that_ignore_their_end) {
  internal::run_in(internal::WorldKind::simulated, [] {
    telemetry::RecordingSink log;
    telemetry::Logging logging({.service = "test"}, log);
    TestServer test(
        [&](Request&, Response&) {
          const runtime::ShieldScope shield;
          runtime::sleep_for(1min);
        },
        {}, {.logging = &logging});
    RawClient older(test.server.address());
    older.send(kGet);
    Client newer({.protocol = Protocol::http2});
    auto request = runtime::spawn([&] {
      EXPECT_THROW(newer.send({.method = Method::post, .url = internal::url_of(test.server.address())}), Error);
    });
    runtime::sleep_for(1s);
    EXPECT_FALSE(test.server.drain(1s));
    EXPECT_THAT(log.lines(), testing::UnorderedElementsAre(
                                 AllOf(HasSubstr("\"level\":\"error\""), HasSubstr("\"request\":\"GET\"")),
                                 AllOf(HasSubstr("\"level\":\"error\""), HasSubstr("\"request\":\"POST\""))));
    request.join();
  });
}

TEST(ConnectionsOverTheLimit, are_told_of_in_the_log_once_in_a_while) {
  internal::run_in(internal::WorldKind::simulated, [] {
    telemetry::RecordingSink log;
    telemetry::Logging logging({.service = "test"}, log);
    TestServer test(hello, {.connections = 1}, {.logging = &logging});
    RawClient first(test.server.address());
    const auto refuse = [&](int count) {
      for (int i = 0; i < count; ++i)
        EXPECT_THAT(RawClient(test.server.address()).read_to_end(), StartsWith("HTTP/1.1 503 "));
      runtime::sleep_for(2s);
    };
    refuse(3);
    refuse(4);  // too soon for another line
    ASSERT_EQ(log.lines().size(), 1u);
    EXPECT_THAT(log.lines()[0], AllOf(HasSubstr("\"level\":\"warning\""), HasSubstr("server.max_connections"),
                                      HasSubstr("\"connections\":3")));
    runtime::sleep_for(10s);
    ASSERT_EQ(log.lines().size(), 2u);
    EXPECT_THAT(log.lines()[1], HasSubstr("\"connections\":4"));
  });
}

}  // namespace
}  // namespace marty::http
