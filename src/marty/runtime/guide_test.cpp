// The samples of docs/guide/runtime.md, as tests.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime {
namespace {

using namespace std::chrono_literals;

// [echo]
void echo(Socket socket) {
  std::array<char, 4096> buffer;
  while (const std::size_t size = socket.read_some(buffer)) socket.write({{buffer.data(), size}});
}

std::string ask(const Address& server, std::string_view question) {
  const DeadlineScope deadline(2s);  // for everything below: connecting, writing, reading
  Socket socket = connect(server);
  socket.write({question});
  std::array<char, 4096> buffer;
  return {buffer.data(), socket.read_some(buffer)};
}
// [/echo]

TEST(Guide, asks_an_echo_server_in_the_real_world) {
  std::string answer;
  // [world]
  auto world = World::real({.loops = 1});
  world->run([&] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    auto server = spawn([&] { echo(listener.accept()); }, "echo");
    answer = ask(listener.local_address(), "hello");
  });  // `server` was not joined: it is cancelled and awaited here
  // [/world]
  EXPECT_EQ(answer, "hello");
}

TEST(Guide, asks_the_same_server_in_a_simulated_world) {
  std::string answer;
  Duration took{};
  // [simulated]
  SimulatedWorld world({.seed = 42});
  world.network().set_latency(100ms, 100ms);
  world.run([&] {
    SimulatedHost& shop = world.host("shop");
    shop.start([&] {
      Listener listener = listen(shop.address(80));
      echo(listener.accept());
    });
    sleep_for(1s);  // takes no time
    const TimePoint start = now();
    answer = ask(shop.address(80), "hello");
    took = now() - start;
  });
  // [/simulated]
  EXPECT_EQ(answer, "hello");
  EXPECT_GE(took, 300ms);
}

int slow_price() { return 7; }
int slow_stock() { return 3; }

TEST(Guide, waits_for_two_things_at_once) {
  World::real({.loops = 1})->run([] {
    // [spawn]
    auto price = spawn([] { return slow_price(); });
    auto stock = spawn([] { return slow_stock(); });
    const int worth = price.join() * stock.join();  // rethrows what a child threw
    // [/spawn]
    EXPECT_EQ(worth, 21);
  });
}

TEST(Guide, cleans_up_after_cancellation) {
  World::real({.loops = 1})->run([] {
    bool rolled_back = false;
    // [shield]
    auto work = spawn([&] {
      try {
        sleep_for(1h);
      } catch (const Error&) {     // cancelled, or past its deadline
        const ShieldScope shield;  // waits in here are not interrupted again
        sleep_for(1ms);            // as a rollback would
        rolled_back = true;
        throw;
      }
    });
    yield();
    work.cancel();
    // [/shield]
    EXPECT_THROW(work.join(), Error);
    EXPECT_TRUE(rolled_back);
  });
}

TEST(Guide, calls_a_blocking_library) {
  World::real({.loops = 1})->run([] {
    // [blocking]
    BlockingPool pool({.name = "prices", .threads = 2, .queue = 256});
    const int price = pool.run([] { return slow_price(); });  // the fiber waits, its loop does not
    // [/blocking]
    EXPECT_EQ(price, 7);
  });
}

}  // namespace
}  // namespace marty::runtime
