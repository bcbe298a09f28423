// Every timeout of the server, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"

namespace marty::http {
namespace {

using internal::RawClient;
using internal::TestServer;
using std::chrono::seconds;
using testing::StartsWith;

// A client that waits for as long as it takes.
std::string read_to_end(RawClient& client) {
  std::string received;
  char buffer[4096];
  while (const std::size_t size = client.socket().read_some(buffer)) received.append(buffer, size);
  return received;
}

// How long the server kept the connection of a client that sends `bytes` and then waits, in whole seconds; what it said
// meanwhile.
struct Kept {
  long seconds = 0;
  std::string reply;
};

Kept keep(std::string_view bytes, ServerLimits limits = {}, seconds pause_between_bytes = seconds(0)) {
  Kept kept;
  internal::run_in(internal::WorldKind::simulated, [&] {
    TestServer test([](Request& request, Response& response) { response.body() = request.body(); }, limits);
    RawClient client(test.server.address());
    const runtime::TimePoint start = runtime::now();
    auto sending = runtime::spawn([&] {
      try {
        for (const char c : bytes) {
          client.send({&c, 1});
          if (pause_between_bytes != seconds(0)) runtime::sleep_for(pause_between_bytes);
        }
      } catch (const Error&) {  // the server has closed
      }
    });
    kept.reply = read_to_end(client);
    kept.seconds = std::chrono::duration_cast<seconds>(runtime::now() - start).count();
    sending.cancel();
    client.close();
    runtime::sleep_for(seconds(3));
    EXPECT_EQ(test.server.stats().connections_open, 0u);
  });
  return kept;
}

TEST(ServerTimeout, closes_a_connection_that_never_sends) {
  const Kept kept = keep("", {.idle_timeout = seconds(75)});
  EXPECT_EQ(kept.reply, "");
  EXPECT_NEAR(kept.seconds, 75, 1);
}

TEST(ServerTimeout, closes_a_kept_connection_that_is_idle) {
  const Kept kept = keep("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {.idle_timeout = seconds(20)});
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 200 "));
  EXPECT_NEAR(kept.seconds, 20, 1);
}

TEST(ServerTimeout, refuses_a_head_that_does_not_arrive_in_time) {
  const Kept kept = keep("GET / HTTP/1.1\r\nHost:", {.header_timeout = seconds(10)});
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 408 "));
  EXPECT_NEAR(kept.seconds, 10, 3);  // and up to two for the client to take the reply
}

TEST(ServerTimeout, refuses_a_head_that_trickles_in_byte_by_byte) {
  const Kept kept =
      keep("GET / HTTP/1.1\r\nHost: a\r\nX-Name: value\r\n\r\n", {.header_timeout = seconds(10)}, seconds(1));
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 408 "));
  EXPECT_NEAR(kept.seconds, 10, 3);
}

TEST(ServerTimeout, may_be_for_ever) {
  const ServerLimits limits{.header_timeout = runtime::Duration::max(),
                            .body_timeout = runtime::Duration::max(),
                            .write_timeout = runtime::Duration::max(),
                            .idle_timeout = runtime::Duration::max()};
  const Kept kept = keep("PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", limits,
                         std::chrono::hours(1));
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 200 "));
}

TEST(ServerTimeout, refuses_a_body_that_stops) {
  const Kept kept = keep("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", {.body_timeout = seconds(30)});
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 408 "));
  EXPECT_NEAR(kept.seconds, 30, 3);
}

TEST(ServerTimeout, accepts_any_body_that_never_stops_for_long_where_there_is_no_least_rate) {
  const Kept kept =
      keep("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabcdefghi",
           {.header_timeout = seconds(300), .body_timeout = seconds(3), .body_rate_bytes = 0}, seconds(2));
  EXPECT_THAT(kept.reply, StartsWith("HTTP/1.1 200 "));
}

TEST(ServerTimeout, cuts_a_client_that_takes_nothing) {
  internal::run_in(internal::WorldKind::simulated, [] {
    TestServer test([](Request&, Response& response) { response.body().assign(10'000'000, 'x'); },
                    {.write_timeout = seconds(30)});
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    runtime::sleep_for(seconds(29));
    EXPECT_EQ(test.server.stats().connections_open, 1u);
    runtime::sleep_for(seconds(3));
    EXPECT_EQ(test.server.stats().connections_open, 0u);
  });
}

TEST(ServerTimeout, sets_none_for_a_handler) {
  internal::run_in(internal::WorldKind::simulated, [] {
    TestServer test([](Request&, Response& response) {
      EXPECT_EQ(runtime::deadline(), runtime::kNever);
      runtime::sleep_for(std::chrono::hours(1));
      response.body() = "done";
    });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(read_to_end(client), testing::EndsWith("done"));
  });
}

TEST(ServerTimeout, leaves_a_handlers_own_deadline_to_the_handler) {
  internal::run_in(internal::WorldKind::simulated, [] {
    TestServer test([](Request& request, Response&) {
      const runtime::DeadlineScope scope(seconds(5));
      request.body();
    });
    RawClient client(test.server.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    EXPECT_THAT(read_to_end(client), StartsWith("HTTP/1.1 504 "));
  });
}

TEST(ServerTimeout, refreshes_the_date_every_second) {
  internal::run_in(internal::WorldKind::simulated, [] {
    TestServer test([](Request&, Response&) {});
    RawClient client(test.server.address());
    std::vector<std::string> dates;
    for (int i = 0; i < 3; ++i) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const std::string reply = client.read_until("\r\n\r\n");
      dates.push_back(reply.substr(reply.find("Date: "), 35));
      runtime::sleep_for(seconds(1));
    }
    EXPECT_EQ(dates,
              (std::vector<std::string>{"Date: Thu, 01 Jan 2026 00:00:00 GMT", "Date: Thu, 01 Jan 2026 00:00:01 GMT",
                                        "Date: Thu, 01 Jan 2026 00:00:02 GMT"}));
  });
}

}  // namespace
}  // namespace marty::http
