// SimulatedWorld: virtual time and an in-process network, driven by one seed, on the calling thread. The same services,
// servers and clients run in it as in the real world; the same seed gives the bit-identical trace.
//
//   SimulatedWorld world({.seed = 42});
//   world.network().set_latency(1ms, 5ms);
//   world.run([&] {
//     world.host("shop").start([] { serve(); });
//     world.host("browser").run([] { get("http://shop:8080/"); });
//     world.network().partition({"shop"}, {"browser"});
//   });
//
// Time stands still while a fiber runs and jumps to the next event when all wait. When all wait for ever, run() throws
// failed_precondition naming the fibers (a deadlock). Blocking pools run inline. Streams: bytes arrive in order after
// the latency; a lost segment arrives after a retransmission delay; a cut resets both ends; a partition holds bytes
// back until healed (a connect gives up after two minutes).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/net.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime {

struct SimulationOptions {
  std::uint64_t seed = 1;
  Timestamp start{};                         // wall clock at the start; default 2026-01-01T00:00:00Z
  std::uint64_t max_events = 1'000'000'000;  // more than that ends run() with resource_exhausted: a live-lock
};

// The faults of the simulated network; every setting applies from now on. Probabilities in [0, 1].
class SimulatedNetwork {
 public:
  virtual ~SimulatedNetwork() = default;
  virtual void set_latency(Duration min, Duration max) = 0;  // of each segment, one way; default 100 us to 500 us
  virtual void set_loss(double probability, Duration retransmit) = 0;  // of each segment
  // Of each new connection: that it is reset, either after a random number of bytes up to `bytes` (both ways) or after
  // a random time up to `time`.
  virtual void set_connection_cut(double probability, std::size_t bytes = 1024,
                                  Duration time = std::chrono::milliseconds(10)) = 0;
  virtual void cut_all(std::string_view host) = 0;  // resets every connection of the host now
  virtual void partition(std::vector<std::string> side, std::vector<std::string> other) = 0;
  virtual void heal() = 0;  // ends all partitions
};

// A named machine of the simulation: its name resolves to its address, its listeners belong to it.
class SimulatedHost {
 public:
  virtual ~SimulatedHost() = default;
  virtual const std::string& name() const = 0;
  virtual Address address(std::uint16_t port) const = 0;
  virtual void run(const std::function<void()>& function) = 0;  // the calling fiber works on this host for so long
  virtual void start(std::function<void()>
                         function) = 0;  // as a fiber on this host; what it throws is rethrown by SimulatedWorld::run()
  virtual void raise(int signal) = 0;    // wakes the wait_for_signal() of its fibers
  virtual void crash() = 0;              // cancels its fibers, resets its connections, closes its listeners
};

class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(SimulationOptions options = {});
  ~SimulatedWorld() override;

  void run(std::function<void()> main) override;  // main runs on host "main"
  std::span<Loop* const> loops() const override;  // one
  bool simulated() const noexcept override { return true; }

  SimulatedHost& host(std::string_view name);  // made on first use
  SimulatedNetwork& network();
  Duration elapsed() const;  // virtual
  std::uint64_t events() const;
  std::uint64_t trace_hash() const;  // over every event: time, kind, fiber, connection, bytes

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::runtime
