// World: the only door to the outside – clock, timers, sockets, threads, randomness, signals – and the owner of the
// loops. There are two: the real one (an epoll loop per core) and the simulated one (runtime/simulation.hpp).
//
//   auto world = World::real({.loops = 2});
//   world->run([] { serve(); });        // `serve` is the first fiber of loop 0; run() returns when it and all others
//   ended
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

class Ambient;
class FiberJob;

// What one loop has done and holds.
struct LoopStats {
  std::size_t fibers = 0;            // alive now
  std::uint64_t fibers_started = 0;  // ever
  // The deepest stack so far, to the page, of those that were looked at; what stack_bytes has to exceed. 0 in the
  // simulated world, which has no say in it and would pay for each simulated second.
  std::size_t stack_high_water_bytes = 0;
  Duration processor_time{0};  // of the loop's thread; 0 in the simulated world
};

// A fiber that is alive, for reports.
struct FiberView {
  std::string name;   // that it was spawned with
  std::string title;  // of its job: what that works on
  bool cancelled = false;
  Ambient* ambient = nullptr;
};

// One event loop and its fibers. Everything but post() is for its own thread.
class Loop {
 public:
  virtual ~Loop() = default;
  static Loop& current();  // of the calling thread (MARTY_CHECK: there is one)
  static Loop* current_or_null() noexcept;

  // Runs `function` on the loop, outside any fiber, soon. From any thread; wakes the loop only when it sleeps. Order
  // kept per sender.
  virtual void post(std::function<void()> function) = 0;
  // Runs `job` on a fresh fiber without parent. launch(): when the loop gets to it. run_now(): at once, from loop
  // callbacks only (not from fibers): returns when the job ended or first waits. No allocation: the stack comes from
  // the pool.
  virtual void launch(FiberJob& job) = 0;
  virtual void run_now(FiberJob& job) = 0;
  virtual std::size_t index() const noexcept = 0;     // 0 .. loops-1
  virtual std::vector<FiberView> fibers() const = 0;  // the oldest first
  // Looks at so many stacks, those in use last: all of them is for now and then, some microseconds each.
  virtual LoopStats stats(std::size_t stacks = std::numeric_limits<std::size_t>::max()) const = 0;
};

struct WorldOptions {
  int loops = 0;                         // 0: one per core that this process may use
  std::size_t stack_bytes = 256 * 1024;  // of each fiber, committed lazily; a guard page below
  Duration stall_threshold{0};           // a loop that is held longer is reported with its stack; 0: off
  std::function<void(std::string_view report)> on_stall;  // called on the watchdog's thread; default: a line on stderr
};

class World {
 public:
  virtual ~World() = default;
  static std::unique_ptr<World> real(WorldOptions options = {});

  // Runs `main` as a fiber of loop 0. Returns once `main` has returned and all fibers have been cancelled and ended;
  // rethrows what main threw. May be called again.
  virtual void run(std::function<void()> main) = 0;
  virtual std::span<Loop* const> loops() const = 0;
  virtual bool simulated() const noexcept = 0;

  static World& current();  // of the calling loop, fiber or pool thread
};

// Runs `function` on a fiber of another loop and waits for its result there; exceptions travel back.
void run_on(Loop& loop, const std::function<void()>& function);

// Waits until the process gets one of the signals, e.g. {SIGTERM, SIGINT}; returns it. Every fiber that waits for it
// gets it; one that comes while none does is for the next. Never returns in the simulated world unless the simulation
// raises one.
int wait_for_signal(std::span<const int> signals);

}  // namespace marty::runtime
