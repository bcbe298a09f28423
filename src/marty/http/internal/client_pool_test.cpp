#include "marty/http/internal/client_pool.hpp"

#include <gtest/gtest.h>

#include "marty/http/internal/test_support.hpp"

namespace marty::http::internal {
namespace {

using std::chrono::seconds;

Url origin(int number) { return parse_url("http://host" + std::to_string(number) + "/"); }

TEST(ClientPool, forgets_origins_that_nobody_uses) {
  run_in(WorldKind::simulated, [] {
    const ClientOptions options{.connections_per_origin = 1};
    ClientPool pool(options);
    const Url used = origin(0);
    const ClientPool::Lease lease(pool, used);
    auto waiting = runtime::spawn([&] { ClientPool::Lease second(pool, used); });
    for (int i = 1; i <= 100; ++i) {
      const Url url = origin(i);
      const ClientPool::Lease brief(pool, url);
    }
    runtime::sleep_for(seconds(2));
    const Url last = origin(101);
    const ClientPool::Lease sweeping(pool, last);
    EXPECT_EQ(pool.origins(), 2u);
    EXPECT_FALSE(waiting.done());
  });
}

TEST(ClientPool, keeps_an_origin_with_idle_connections_for_the_idle_timeout) {
  run_in(WorldKind::simulated, [] {
    TestServer test([](Request&, Response& response) { response.body() = "ok"; });
    const ClientOptions options{.idle_timeout = seconds(10)};
    ClientPool pool(options);
    const Url url = parse_url(url_of(test.server.address())), other = origin(1);
    const auto origins_after = [&](seconds wait) {
      runtime::sleep_for(wait);
      const ClientPool::Lease sweeping(pool, other);
      return pool.origins();
    };
    {
      ClientPool::Lease lease(pool, url);
      ClientConnection& connection = lease.connect(false);
      connection.send({.url = url_of(test.server.address())}, url);
      connection.receive_head(Method::get);
      char body[2];
      ASSERT_EQ(connection.read_body(body), 2u);
    }
    EXPECT_EQ(origins_after(seconds(5)), 2u);
    EXPECT_EQ(origins_after(seconds(6)), 1u);
  });
}

}  // namespace
}  // namespace marty::http::internal
