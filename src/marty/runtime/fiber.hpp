// Fibers: functions that wait without blocking their loop. A fiber lives and dies on the loop that spawned it, so plain
// variables shared by fibers of one loop need no lock as long as no wait stands between read and write.
//
//   auto price = runtime::spawn([&] { return prices.get(id); });     // starts when this fiber next waits
//   auto stock = runtime::spawn([&] { return stocks.get(id); });
//   return Offer{price.join(), stock.join()};                        // an exception of the child is rethrown here
//
// Structured: a Task that is destroyed unjoined is cancelled and awaited. No failure is silent: an exception that
// nobody has asked for five seconds later, or when the Task goes, is reported where the fiber's log lines go (Ambient).
// A child inherits the deadline, the host (in the simulated world) and the ambient context of its parent; cancelling a
// fiber cancels its unfinished children, but for those that it started under a ShieldScope. Every wait in this module
// throws Error(deadline_exceeded) at the fiber's deadline and Error(cancelled) once it is cancelled.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

class Fiber;  // internal/fiber.hpp

// A function on the heap that runs once on a fiber. Task and the HTTP server derive from it; users call spawn().
class FiberJob {
 public:
  virtual ~FiberJob() = default;
  virtual void run() = 0;  // on the fiber; an exception that leaves it ends the process with a message
  virtual void finished() noexcept {
  }  // on the loop, after run() returned and the stack went back to the pool; may delete this
  virtual std::string title() const { return {}; }  // on the loop: what it works on now, for reports
};

namespace internal {

// What Task<T> and its fiber share. Reference-counted within one loop.
class TaskState : public FiberJob {
 public:
  void run() final;
  void finished() noexcept final;
  void join();  // waits; then rethrows
  void cancel_and_wait() noexcept;
  bool done() const noexcept { return done_; }
  void cancel() noexcept;
  void retain() noexcept { ++references_; }
  void release() noexcept;

 protected:
  virtual void invoke() = 0;

 private:
  struct Unclaimed;
  friend void start(TaskState&, std::string_view name);
  void keep_failure();
  void report_failure() noexcept;
  std::exception_ptr error_;
  Unclaimed* unclaimed_ = nullptr;  // owned: what to report of an error that nobody has asked for
  Fiber* fiber_ = nullptr;
  Fiber* joiner_ = nullptr;
  int references_ = 1;
  bool done_ = false;
};

void start(TaskState& state, std::string_view name);  // a child of the current fiber, ready to run

template <class Function, class Result>
class FunctionTask final : public TaskState {
 public:
  explicit FunctionTask(Function&& function) : function_(std::move(function)) {}
  Result take() { return std::move(*result_); }

 private:
  void invoke() override { result_.emplace(function_()); }
  Function function_;
  std::optional<Result> result_;
};

template <class Function>
class FunctionTask<Function, void> final : public TaskState {
 public:
  explicit FunctionTask(Function&& function) : function_(std::move(function)) {}
  void take() {}

 private:
  void invoke() override { function_(); }
  Function function_;
};

}  // namespace internal

// A fiber in flight and its result. Move-only; used by the fibers of one loop only.
template <class Function>
class [[nodiscard]] Task {
 public:
  using Result = std::invoke_result_t<Function>;

  explicit Task(Function function, std::string_view name = {})
      : state_(new internal::FunctionTask<Function, Result>(std::move(function))) {
    internal::start(*state_, name);
  }
  Task(Task&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Task& operator=(Task&& other) noexcept { return std::swap(state_, other.state_), *this; }
  ~Task() {
    if (state_ == nullptr) return;
    state_->cancel_and_wait();
    state_->release();
  }

  // Waits for the end; returns the result or rethrows. Call once.
  Result join() {
    state_->join();
    return state_->take();
  }
  void cancel() noexcept { state_->cancel(); }  // the next wait of that fiber throws
  bool done() const noexcept { return state_->done(); }

 private:
  internal::FunctionTask<Function, Result>* state_;
};

// Starts `function` on a new fiber of this loop; it first runs when the caller next waits. `name` (a literal) is for
// diagnosis.
template <class Function>
auto spawn(Function&& function, std::string_view name = {}) {
  return Task<std::decay_t<Function>>(std::forward<Function>(function), name);
}

void sleep_for(Duration duration);
void sleep_until(TimePoint time);
void yield();              // lets the other ready fibers of this loop run first
bool on_fiber() noexcept;  // false in loop callbacks and in threads of blocking pools

// The time by which the current fiber has to be done; kNever where nobody set one.
TimePoint deadline() noexcept;
// Lowers the current fiber's deadline for a scope; never raises it.
class [[nodiscard]] DeadlineScope {
 public:
  explicit DeadlineScope(Duration from_now);
  explicit DeadlineScope(TimePoint deadline);
  ~DeadlineScope();
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;

 private:
  TimePoint before_;
};

// For owners of a FiberJob: the fiber it runs on, valid until finished(), and how another fiber or callback of the loop
// cancels it.
Fiber& current_fiber() noexcept;
void cancel(Fiber& fiber) noexcept;

bool cancelled() noexcept;
void throw_if_cancelled();  // Error(cancelled), or Error(deadline_exceeded)
// Within the scope neither cancellation nor the deadline interrupts waits, nor those of fibers started in it: for
// clean-up that has to finish (a rollback).
class [[nodiscard]] ShieldScope {
 public:
  ShieldScope() noexcept;
  ~ShieldScope();
  ShieldScope(const ShieldScope&) = delete;
  ShieldScope& operator=(const ShieldScope&) = delete;
};

// The one object that rides along with a fiber and its children: the telemetry context. Kept by raw pointer so that a
// request's context can live in its connection without an allocation; a child that may outlive it gets its own
// reference.
class Ambient {
 public:
  virtual Ambient* share() = 0;         // for a spawned fiber: a reference or a copy that it then owns
  virtual void release() noexcept = 0;  // the counterpart of share()
  // A fiber that it rode with has ended by an exception that nobody receives: one line, on stderr unless overridden.
  // Not on a fiber.
  virtual void report_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept;

 protected:
  ~Ambient() = default;
};
Ambient* ambient() noexcept;
Ambient* exchange_ambient(Ambient* next) noexcept;  // the caller restores the old one before `next` dies

}  // namespace marty::runtime
