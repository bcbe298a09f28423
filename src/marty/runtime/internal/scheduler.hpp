// Scheduler: the Loop of both worlds. It owns the fibers, timers and messages of one thread; what happens outside comes
// from its Driver.
//
// How a primitive waits, on the loop's thread:
//   reader_ = scheduler.current_fiber();
//   const Wake wake = scheduler.wait();      // until wake(*reader_), the fiber's deadline, or its cancellation
//   reader_ = nullptr;
//   if (wake != Wake::notified) scheduler.throw_interrupted(wake, "reading from 10.0.0.7:5432");
// Other threads use send(); everything else belongs to the loop's own thread.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/driver.hpp"
#include "marty/runtime/internal/fiber.hpp"
#include "marty/runtime/internal/fiber_pool.hpp"
#include "marty/runtime/internal/inbox.hpp"
#include "marty/runtime/internal/random_engine.hpp"
#include "marty/runtime/internal/timer_heap.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime::internal {

// What the stall detector watches; written with relaxed stores only.
struct Heartbeat {
  std::atomic<std::uint64_t> dispatches{0};  // grows with each callback and each switch to a fiber
  std::atomic<bool> sleeping{true};          // in poll(), or not running
  std::atomic<pthread_t> thread{};           // 0 while not running
};

class Scheduler final : public Loop {
 public:
  Scheduler(World& world, std::unique_ptr<Driver> driver, std::size_t index, StackOptions stacks);
  ~Scheduler() override;

  static Scheduler& current();  // MARTY_CHECK: the thread runs a loop
  static Scheduler* current_or_null() noexcept;

  // Loop.
  void post(std::function<void()> function) override;
  void launch(FiberJob& job) override;
  void run_now(FiberJob& job) override;
  std::size_t index() const noexcept override { return index_; }
  std::vector<FiberView> fibers() const override;
  LoopStats stats(std::size_t stacks) const override;
  using Loop::stats;

  // Turns until stop(). The calling thread is the loop's thread meanwhile.
  void run();
  void stop() noexcept { stopped_ = true; }
  // From any thread.
  void send(Message& message) noexcept;

  // Fibers. A child inherits deadline, host and ambient context of the current fiber, and its cancellation, then and
  // later; under a shield neither deadline nor cancellation.
  Fiber& start_child(FiberJob& job, std::string_view name);
  Fiber& start(FiberJob& job, std::string_view name, Host* host);  // without parent; ready
  Fiber* current_fiber() const noexcept { return current_; }
  // Parks the current fiber until wake(), `until`, its deadline or its cancellation.
  Wake wait(TimePoint until = kNever);
  // The same where only wake() ends it.
  void wait_uninterrupted();
  void wait_or_throw(std::string_view doing) {
    if (const Wake wake = wait(); wake != Wake::notified) throw_interrupted(wake, doing);
  }
  void wake(Fiber& fiber, Wake reason = Wake::notified) noexcept;  // nothing where it does not wait
  void cancel(Fiber& root) noexcept;                               // and its children
  void yield();
  // Before each read or write that may not have to wait: now and then the other fibers run first all the same, and
  // deadline and cancellation are looked at.
  void step() {
    if (--steps_left_ > 0) return;
    steps_left_ = kStepsPerResume;
    yield();
  }
  [[noreturn]] void throw_interrupted(Wake wake, std::string_view doing) const;
  bool interrupted() const noexcept;  // the current fiber: cancelled or past its deadline, and not shielded

  // Ends: cancels every fiber but `spared`, and those that start from now on.
  void cancel_all(const Fiber* spared = nullptr) noexcept;
  // The same, and calls `settled` once none of them is left (at once where there is none).
  void settle(const Fiber* spared, std::function<void()> settled);
  void accept_new_fibers() noexcept { ending_ = false; }
  void cancel_fibers_of(const Host& host) noexcept;
  std::vector<std::string> live_fiber_names() const;
  std::size_t live_fibers() const noexcept { return live_count_; }
  std::uint64_t fibers_started() const noexcept { return started_; }

  // The host on whose behalf a callback runs; fibers carry their own.
  Host* current_host() const noexcept { return current_ != nullptr ? current_->host : callback_host_; }
  Host* exchange_callback_host(Host* host) noexcept { return std::exchange(callback_host_, host); }

  World& world() noexcept { return world_; }
  Driver& driver() noexcept { return *driver_; }
  TimerHeap& timers() noexcept { return timers_; }
  RandomEngine& random() noexcept { return random_; }
  TimePoint coarse_now() const noexcept { return now_; }
  const Heartbeat& heartbeat() const noexcept { return heartbeat_; }
  // Before each callback into user code.
  void beat() noexcept {
    heartbeat_.dispatches.store(heartbeat_.dispatches.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  [[noreturn]] static void fiber_entry();  // of every fiber's stack

 private:
  static constexpr int kStepsPerResume = 128;

  void turn();
  void poll();
  Fiber& begin(FiberJob& job, std::string_view name, Host* host);
  static void adopt(Fiber& parent, Fiber& child) noexcept;
  void make_ready(Fiber& fiber) noexcept;
  void resume(Fiber& fiber) noexcept;
  void suspend() noexcept;
  void retire(Fiber& fiber) noexcept;
  void run_job(Fiber& fiber) noexcept;
  void interrupt(Fiber& fiber) noexcept;
  Wake give_way(Wake wake) noexcept;

  World& world_;
  const std::size_t index_;
  std::unique_ptr<Driver> driver_;
  FiberPool pool_;
  TimerHeap timers_;
  Inbox inbox_;
  std::atomic<int> senders_{0};  // threads inside send()
  Heartbeat heartbeat_;
  RandomEngine random_;

  // Said where there is no memory for more.
  const Error cancelled_{Code::cancelled, "the fiber was cancelled"};
  const Error deadline_passed_{Code::deadline_exceeded, "the deadline passed"};

  TimePoint now_{};
  Context loop_context_;
  ExceptionGlobals* exception_globals_ = nullptr;
  Fiber* current_ = nullptr;
  Fiber* ready_first_ = nullptr;
  Fiber* ready_last_ = nullptr;
  Fiber* live_ = nullptr;
  std::size_t live_count_ = 0;
  std::uint64_t started_ = 0;
  Host* callback_host_ = nullptr;
  std::function<void()> settled_;
  std::size_t settled_count_ = 0;
  int steps_left_ = 0;
  bool ending_ = false;
  bool stopped_ = false;
};

// What the calling thread is to the runtime.
struct ThreadState {
  Scheduler* scheduler = nullptr;  // a loop's thread
  World* world = nullptr;          // a loop's or a pool's thread
  Ambient* ambient = nullptr;      // outside fibers
};
extern constinit thread_local ThreadState this_thread;

}  // namespace marty::runtime::internal
