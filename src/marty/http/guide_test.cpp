// The samples of docs/guide/http.md, as tests.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <string>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/http/server.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http {
namespace {

using namespace std::chrono_literals;
using runtime::Address;

// [server]
struct Hello final : http::Handler {
  void handle(http::Request& request, http::Response& response) override {
    response.set_body("hello " + std::string(request.path()), "text/plain");
  }
};

void serve(const Address& address) {
  Hello hello;
  http::Server server(hello, {.address = address});
  server.start();
  runtime::wait_for_signal(std::array{SIGTERM, SIGINT});  // of <csignal>
  server.drain(10s);
}
// [/server]

TEST(Guide, greets_until_it_is_told_to_end) {
  runtime::SimulatedWorld world({.seed = 42});
  world.run([&] {
    bool ended = false;
    world.host("shop").start([&] {
      serve(world.host("shop").address(8080));
      ended = true;
    });
    runtime::sleep_for(1s);
    http::Client client;
    EXPECT_EQ(client.get("http://shop:8080/world").body, "hello /world");
    EXPECT_FALSE(ended);
    world.host("shop").raise(SIGTERM);
    runtime::sleep_for(10s);
    EXPECT_TRUE(ended);
  });
}

// [client]
std::string place_order(http::Client& shop, const std::string& order) {
  const http::Reply reply = shop.send({.method = http::Method::post,
                                       .url = "http://shop:8080/api/v1/orders",
                                       .headers = {{"content-type", "application/json"}},
                                       .body = order});
  if (reply.status != 201) throw Error(Code::unavailable, "the shop answered " + std::to_string(reply.status));
  return std::string(reply.header("location"));
}
// [/client]

// [download]
std::size_t size_of(http::Client& shop, std::string url) {
  http::StreamingReply reply = shop.stream({.url = std::move(url)});
  std::size_t total = 0;
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t size = reply.read_some(buffer)) total += size;
  return total;
}
// [/download]

struct Shop final : http::Handler {
  void handle(http::Request& request, http::Response& response) override {
    if (request.method == http::Method::get) return response.set_body(std::string(100'000, 'x'), "text/plain");
    response.status = request.body() == "{}" ? 201 : 400;
    response.add_header("Location", "/api/v1/orders/1");
  }
};

TEST(Guide, places_an_order_and_reads_a_long_reply) {
  runtime::SimulatedWorld world({.seed = 42});
  world.run([&] {
    world.host("shop").start([&] {
      Shop handler;
      http::Server server(handler, {.address = world.host("shop").address(8080)});
      server.start();
      runtime::wait_for_signal(std::array{SIGTERM});
    });
    runtime::sleep_for(1s);
    // [client_options]
    http::Client shop({.timeout = 2s});
    // [/client_options]
    EXPECT_EQ(place_order(shop, "{}"), "/api/v1/orders/1");
    EXPECT_THROW(place_order(shop, "?"), Error);
    EXPECT_EQ(size_of(shop, "http://shop:8080/report"), 100'000u);
    world.host("shop").raise(SIGTERM);
  });
}

}  // namespace
}  // namespace marty::http
