// What the runtime costs: ./build/bench/src/marty/runtime/marty_runtime_bench
#include <benchmark/benchmark.h>

#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/timer_heap.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime {
namespace {

void in_world(const std::function<void()>& body, int loops = 1) { World::real({.loops = loops})->run(body); }

// To the loop and back: two switches.
void switch_pair(benchmark::State& state) {
  in_world([&] {
    for (auto _ : state) yield();
  });
}
BENCHMARK(switch_pair);

void spawn_and_join(benchmark::State& state) {
  in_world([&] {
    for (auto _ : state) spawn([] {}).join();
  });
}
BENCHMARK(spawn_and_join);

class Nothing final : public FiberJob {
 public:
  void run() override {}
};

// What the HTTP server does for each batch of requests: a fiber from the pool, run at once, and back.
void run_now_and_finish(benchmark::State& state) {
  in_world([&] {
    Event done;
    Loop::current().post([&] {
      Nothing job;
      for (auto _ : state) Loop::current().run_now(job);
      done.set();
    });
    done.wait();
  });
}
BENCHMARK(run_now_and_finish);

void post_to_own_loop(benchmark::State& state) {
  in_world([&] {
    std::size_t ran = 0;
    for (auto _ : state) Loop::current().post([&ran] { ++ran; });
    yield();
    benchmark::DoNotOptimize(ran);
  });
}
BENCHMARK(post_to_own_loop);

// A call on a fiber of another, sleeping loop and back: two wake-ups of a thread.
void run_on_another_loop(benchmark::State& state) {
  in_world(
      [&] {
        for (auto _ : state) run_on(*World::current().loops()[1], [] {});
      },
      2);
}
BENCHMARK(run_on_another_loop);

class NoTimer final : public internal::Timer {
 public:
  void on_timer() noexcept override {}
};

// Beside as many other timers as a busy loop has.
void timer_add_and_remove(benchmark::State& state) {
  internal::TimerHeap heap;
  std::vector<NoTimer> others(static_cast<std::size_t>(state.range(0)));
  TimePoint time{};
  for (NoTimer& other : others) heap.add(other, time += Duration(1'000));
  NoTimer timer;
  for (auto _ : state) {
    heap.add(timer, TimePoint(time.time_since_epoch() / 2));
    heap.remove(timer);
  }
}
BENCHMARK(timer_add_and_remove)->Arg(10)->Arg(10'000);

void channel_send_and_receive(benchmark::State& state) {
  in_world([&] {
    Channel<int> channel(64);
    auto receiver = spawn([&] {
      while (channel.receive()) {
      }
    });
    for (auto _ : state) channel.send(1);
    channel.close();
    receiver.join();
  });
}
BENCHMARK(channel_send_and_receive);

// One byte to a peer on the same loop and back: 2 sends, 2 receives.
void tcp_round_trip(benchmark::State& state) {
  in_world([&] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    auto echo = spawn([&] {
      Socket peer = listener.accept();
      char buffer[64];
      while (const std::size_t size = peer.read_some(buffer)) peer.write({{buffer, size}});
    });
    Socket client = connect(listener.local_address());
    char buffer[64];
    for (auto _ : state) {
      client.write({"x"});
      client.read_some(buffer);
    }
    client.close();
    echo.join();
  });
}
BENCHMARK(tcp_round_trip);

}  // namespace
}  // namespace marty::runtime
