#include "marty/runtime/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

using namespace std::chrono_literals;

// Answers every connection with what it sends, until cancelled.
void serve_echo(std::uint16_t port) {
  Listener listener = listen(Address::ip("0.0.0.0", port));
  std::vector<Task<std::function<void()>>> sessions;
  for (;;) {
    auto socket = std::make_shared<Socket>(listener.accept());
    std::erase_if(sessions, [](const auto& session) { return session.done(); });
    sessions.emplace_back([socket] {
      try {
        char buffer[4096];
        while (const std::size_t size = socket->read_some(buffer)) socket->write({{buffer, size}});
      } catch (const Error& error) {
        if (error.code() != Code::unavailable) throw;
      }
    });
  }
}

std::string ask(Socket& socket, std::string_view text) {
  socket.write({text});
  std::string reply;
  char buffer[4096];
  while (reply.size() < text.size()) {
    const std::size_t size = socket.read_some(buffer);
    if (size == 0) throw Error(Code::unavailable, "closed");
    reply.append(buffer, size);
  }
  return reply;
}

Code code_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::ok;
}

TEST(SimulatedWorld, time_jumps_while_everybody_sleeps) {
  SimulatedWorld world;
  world.run([] {
    const TimePoint before = now();
    const Timestamp wall = wall_now();
    sleep_for(24h);
    EXPECT_EQ(now() - before, 24h);
    EXPECT_EQ(wall_now() - wall, 24h);
  });
  EXPECT_EQ(world.elapsed(), 24h);
}

TEST(SimulatedWorld, time_stands_still_while_a_fiber_runs) {
  SimulatedWorld().run([] {
    const TimePoint before = now();
    BlockingPool pool;
    EXPECT_EQ(pool.run([] { return 42; }), 42);
    yield();
    EXPECT_EQ(now(), before);
  });
}

TEST(SimulatedWorld, hosts_talk_by_name_and_bytes_take_the_latency) {
  SimulatedWorld world;
  world.network().set_latency(2ms, 2ms);
  world.run([&] {
    world.host("shop").start([] { serve_echo(80); });
    world.host("browser").run([] {
      sleep_for(1ms);
      Socket socket = connect("shop", 80);
      EXPECT_EQ(socket.peer_address().port(), 80);
      const TimePoint before = now();
      EXPECT_EQ(ask(socket, "hello"), "hello");
      EXPECT_EQ(now() - before, 4ms);
    });
  });
}

TEST(SimulatedWorld, large_transfers_wait_for_the_reader) {
  SimulatedWorld world;
  world.run([&] {
    world.host("sink").start([] {
      Listener listener = listen(Address::ip("0.0.0.0", 80));
      Socket socket = listener.accept();
      sleep_for(10s);
      char buffer[8192];
      while (socket.read_some(buffer) > 0) {
      }
    });
    sleep_for(1ms);
    Socket socket = connect("sink", 80);
    const TimePoint before = now();
    socket.write({std::string(4 << 20, 'x')});
    EXPECT_GE(now() - before, 9s);
  });
}

TEST(SimulatedWorld, connect_fails_where_nobody_listens) {
  SimulatedWorld world;
  world.host("shop");
  world.run([] {
    EXPECT_EQ(code_of([] { (void)connect("shop", 80); }), Code::unavailable);
    EXPECT_EQ(code_of([] { (void)connect("nowhere", 80); }), Code::not_found);
    const TimePoint before = now();
    EXPECT_EQ(code_of([] { (void)connect(Address::ip("10.9.9.9", 80)); }), Code::unavailable);
    EXPECT_EQ(now() - before > 2min, true);
  });
}

TEST(SimulatedWorld, a_port_belongs_to_one_listener_of_a_host) {
  SimulatedWorld world;
  world.run([&] {
    Listener listener = listen(Address::ip("127.0.0.1", 80));
    EXPECT_EQ(code_of([] { (void)listen(Address::ip("0.0.0.0", 80)); }), Code::already_exists);
    world.host("other").run([] { EXPECT_EQ(code_of([] { (void)listen(Address::ip("0.0.0.0", 80)); }), Code::ok); });
    listener.close();
    EXPECT_TRUE(listen(Address::ip("127.0.0.1", 80)).is_open());
  });
}

TEST(SimulatedWorld, a_close_is_seen_after_the_bytes_before_it) {
  SimulatedWorld world;
  world.run([&] {
    Listener listener = listen(Address::ip("127.0.0.1", 80));
    auto client = spawn([] {
      Socket socket = connect("localhost", 80);
      socket.write({"last words"});
    });
    Socket socket = listener.accept();
    client.join();
    char buffer[64];
    sleep_for(1s);
    EXPECT_EQ(socket.read_some(buffer), 10u);
    EXPECT_EQ(socket.read_some(buffer), 0u);
    EXPECT_TRUE(socket.closed_by_peer());
  });
}

TEST(SimulatedWorld, cuts_reset_both_ends) {
  SimulatedWorld world;
  world.run([&] {
    world.host("shop").start([] { serve_echo(80); });
    sleep_for(1ms);
    Socket socket = connect("shop", 80);
    EXPECT_EQ(ask(socket, "hello"), "hello");
    world.network().cut_all("shop");
    EXPECT_EQ(code_of([&] { ask(socket, "again"); }), Code::unavailable);
  });
}

TEST(SimulatedWorld, a_partition_holds_bytes_back_until_it_heals) {
  SimulatedWorld world;
  world.run([&] {
    world.host("shop").start([] { serve_echo(80); });
    world.host("browser").run([&] {
      sleep_for(1ms);
      Socket socket = connect("shop", 80);
      world.network().partition({"shop"}, {"browser"});
      {
        const DeadlineScope scope(1min);
        EXPECT_EQ(code_of([&] { ask(socket, "hello"); }), Code::deadline_exceeded);
      }
      world.network().heal();
      char buffer[64];
      EXPECT_EQ(socket.read_some(buffer), 5u);
    });
  });
}

TEST(SimulatedWorld, loss_delays_but_neither_loses_nor_reorders) {
  SimulatedWorld world;
  world.network().set_loss(0.2, 200ms);
  world.run([&] {
    world.host("shop").start([] { serve_echo(80); });
    sleep_for(1ms);
    Socket socket = connect("shop", 80);
    const TimePoint before = now();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(socket, std::to_string(i)), std::to_string(i));
    EXPECT_GT(now() - before, 4s);
  });
}

TEST(SimulatedWorld, a_crash_ends_a_hosts_fibers_listeners_and_connections) {
  SimulatedWorld world;
  world.run([&] {
    SimulatedHost& shop = world.host("shop");
    shop.start([] { serve_echo(80); });
    sleep_for(1ms);
    Socket socket = connect("shop", 80);
    shop.crash();
    EXPECT_EQ(code_of([&] { ask(socket, "hello"); }), Code::unavailable);
    EXPECT_EQ(code_of([] { (void)connect("shop", 80); }), Code::unavailable);
    shop.start([] { serve_echo(80); });
    sleep_for(1ms);
    Socket again = connect("shop", 80);
    EXPECT_EQ(ask(again, "hello"), "hello");
  });
}

TEST(SimulatedWorld, signals_reach_the_host_that_waits) {
  SimulatedWorld world;
  world.run([&] {
    int received = 0;
    world.host("shop").start([&] {
      const int signals[] = {SIGTERM, SIGINT};
      received = wait_for_signal(signals);
    });
    sleep_for(1s);
    world.host("shop").raise(SIGINT);
    sleep_for(1s);
    EXPECT_EQ(received, SIGINT);
  });
}

TEST(SimulatedWorld, a_signal_reaches_every_fiber_that_waits_for_it) {
  SimulatedWorld world;
  world.run([&] {
    int received = 0;
    for (int i = 0; i < 2; ++i) {
      world.host("shop").start([&] {
        const int signals[] = {SIGTERM};
        received += wait_for_signal(signals);
      });
    }
    sleep_for(1s);
    world.host("shop").raise(SIGTERM);
    sleep_for(1s);
    EXPECT_EQ(received, 2 * SIGTERM);
  });
}

// Posts from finished() a function that starts a fiber, as a connection does that has more to read.
class JobThatGoesOn final : public FiberJob {
 public:
  explicit JobThatGoesOn(FiberJob& next) : next_(next) {}
  void run() override {}
  void finished() noexcept override {
    Loop::current().post([this] { Loop::current().run_now(next_); });
  }

 private:
  FiberJob& next_;
};

class ListeningJob final : public FiberJob {
 public:
  void run() override { address = listen(Address::ip("0.0.0.0", 80)).local_address(); }
  Address address;
};

TEST(SimulatedWorld, a_posted_function_works_for_the_host_of_its_sender) {
  SimulatedWorld world;
  world.run([&] {
    ListeningJob job;
    JobThatGoesOn sender(job);
    world.host("shop").start([&] { Loop::current().launch(sender); });
    sleep_for(1s);
    EXPECT_EQ(job.address, world.host("shop").address(80));
  });
}

TEST(SimulatedWorld, a_deadlock_ends_the_run_naming_the_fibers) {
  SimulatedWorld world;
  try {
    world.run([] {
      Event never;
      auto task = spawn([&] { never.wait(); }, "waits for Godot");
      never.wait();
    });
    FAIL() << "ended";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    EXPECT_THAT(error.message(), testing::HasSubstr("waits for Godot"));
  }
}

TEST(SimulatedWorld, what_a_host_throws_ends_the_run) {
  SimulatedWorld world;
  EXPECT_THROW(world.run([&] {
    world.host("shop").start([] { throw Error(Code::data_loss, "the disk is gone"); });
    sleep_for(1h);
  }),
               Error);
  EXPECT_LT(world.elapsed(), 1h);
}

// A client on each of three hosts, with every fault on; the trace of the whole.
std::uint64_t faulty_run(std::uint64_t seed) {
  SimulatedWorld world({.seed = seed});
  world.network().set_latency(100us, 3ms);
  world.network().set_loss(0.05, 50ms);
  world.network().set_connection_cut(0.3);
  world.run([&] {
    world.host("shop").start([] { serve_echo(80); });
    sleep_for(1ms);
    std::vector<Task<std::function<void()>>> clients;
    for (const char* name : {"a", "b", "c"}) {
      clients.emplace_back([&world, name] {
        world.host(name).run([] {
          for (int i = 0; i < 50; ++i) {
            (void)code_of([] {
              Socket socket = connect("shop", 80);
              ask(socket, std::to_string(random_u64()));
            });
            sleep_for(1ms);
          }
        });
      });
    }
    for (auto& client : clients) client.join();
  });
  return world.trace_hash();
}

TEST(SimulatedWorld, the_same_seed_gives_the_same_trace) {
  EXPECT_EQ(faulty_run(7), faulty_run(7));
  EXPECT_NE(faulty_run(7), faulty_run(8));
}

// Destructors may wait, a Task's does.
TEST(SimulatedWorld, destroys_on_the_fiber_what_main_captured) {
  bool destroyed_on_fiber = false;
  const auto captured = [&] { return std::shared_ptr<void>(nullptr, [&](void*) { destroyed_on_fiber = on_fiber(); }); };
  SimulatedWorld().run([kept = captured()] { sleep_for(1s); });
  EXPECT_TRUE(destroyed_on_fiber);
}

TEST(SimulatedWorld, runs_again) {
  SimulatedWorld world;
  for (int round = 0; round < 3; ++round) {
    world.run([&] {
      world.host("shop").start([] { serve_echo(80); });
      sleep_for(1ms);
      Socket socket = connect("shop", 80);
      EXPECT_EQ(ask(socket, "hello"), "hello");
    });
  }
}

}  // namespace
}  // namespace marty::runtime
