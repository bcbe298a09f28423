// The HTTP server and client in the simulated world: hours in seconds, and the same to the bit for the same seed.
#include <gtest/gtest.h>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/http/server.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty {
namespace {

using namespace std::chrono_literals;

class Greeter final : public http::Handler {
 public:
  void handle(http::Request&, http::Response& response) override {
    response.set_body("hello", "text/plain");
    response.close_connection();
  }
};

struct Outcome {
  int answered = 0;
  int cut = 0;
  std::uint64_t trace_hash = 0;
};

// A client that calls a server every 10 ms, each time on a new connection, one of a hundred of which is cut.
Outcome call_for(runtime::Duration duration, std::uint64_t seed) {
  runtime::SimulatedWorld world({.seed = seed});
  world.network().set_connection_cut(0.01, 200, 2ms);
  Outcome outcome;
  world.run([&] {
    Greeter greeter;
    http::Server server(greeter, {.address = runtime::Address::ip("0.0.0.0", 80)});
    world.host("server").run([&] { server.start(); });
    http::Client client({.retries = 0});
    for (const runtime::TimePoint end = runtime::now() + duration; runtime::now() < end; runtime::sleep_for(10ms)) {
      try {
        const http::Reply reply = client.get("http://server/");
        EXPECT_EQ(reply.body, "hello");
        ++outcome.answered;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable) << error.message();
        ++outcome.cut;
      }
    }
    server.drain(1s);
  });
  outcome.trace_hash = world.trace_hash();
  return outcome;
}

TEST(SimulatedHttp, one_virtual_hour_passes_in_seconds) {
  const Outcome outcome = call_for(1h, 1);
  EXPECT_GT(outcome.answered, 300'000);
  EXPECT_GT(outcome.cut, 1'000);
}

TEST(SimulatedHttp, the_same_seed_gives_the_same_trace) {
  const Outcome first = call_for(30s, 7), second = call_for(30s, 7), other = call_for(30s, 8);
  EXPECT_EQ(first.trace_hash, second.trace_hash);
  EXPECT_EQ(first.cut, second.cut);
  EXPECT_NE(first.trace_hash, other.trace_hash);
}

}  // namespace
}  // namespace marty
