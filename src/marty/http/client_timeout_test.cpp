// Every timeout of the client, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/http/internal/test_support.hpp"

namespace marty::http {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::url_of;
using internal::WorldKind;

void simulate(std::function<void()> test) { run_in(WorldKind::simulated, std::move(test)); }

TEST(ClientTimeout, EndsAnExchangeThatTakesTooLong) {
  simulate([] {
    TestServer test([](Request&, Response&) { runtime::sleep_for(std::chrono::hours(1)); });
    const runtime::TimePoint start = runtime::now();
    EXPECT_EQ(error_of([&] { Client({.timeout = std::chrono::seconds(7)}).get(url_of(test.server.address())); }).code(),
              Code::deadline_exceeded);
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(runtime::now() - start).count(), 7);
  });
}

TEST(ClientTimeout, ObeysAnEarlierDeadlineOfTheFiber) {
  simulate([] {
    TestServer test([](Request&, Response&) { runtime::sleep_for(std::chrono::hours(1)); });
    const runtime::TimePoint start = runtime::now();
    const runtime::DeadlineScope scope(std::chrono::seconds(3));
    EXPECT_EQ(error_of([&] { Client().get(url_of(test.server.address())); }).code(), Code::deadline_exceeded);
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(runtime::now() - start).count(), 3);
  });
}

TEST(ClientTimeout, ClosesConnectionsThatWereIdleForTooLong) {
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

TEST(ClientTimeout, LetsGoOfAConnectionThatTheServerClosedWhileItWasIdle) {
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

}  // namespace
}  // namespace marty::http
