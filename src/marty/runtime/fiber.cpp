#include "marty/runtime/fiber.hpp"

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace {

Fiber& this_fiber() {
  Fiber* fiber = internal::Scheduler::current().current_fiber();
  MARTY_CHECK(fiber != nullptr);
  return *fiber;
}

Fiber* this_fiber_or_null() noexcept {
  const internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  return scheduler != nullptr ? scheduler->current_fiber() : nullptr;
}

// Told to nobody: it is the answer to a cancellation, whose author knows.
bool answers_cancellation(const std::exception_ptr& exception) {
  if (this_fiber().cancelled) return true;
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error.code() == Code::cancelled;
  } catch (...) {
    return false;
  }
}

void print_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept {
  const std::string reason = describe(exception);
  std::fprintf(stderr, "marty: fiber %.*s ended with an exception that nobody received: %s\n",
               static_cast<int>(fiber.size()), fiber.data(), reason.c_str());
}

constexpr Duration kClaimTimeout = std::chrono::seconds(5);  // of an exception: then it is reported

}  // namespace

namespace internal {

// What a report needs, as the fiber is gone by then.
struct TaskState::Unclaimed final : Timer {
  Unclaimed(TaskState& failed, const Fiber& fiber)
      : task(failed),
        scheduler(fiber.scheduler),
        name(fiber.name.empty() ? std::string_view("(unnamed)") : fiber.name),
        ambient(fiber.ambient != nullptr ? fiber.ambient->share() : nullptr) {}
  ~Unclaimed() override {
    scheduler.timers().remove(*this);
    if (ambient != nullptr) ambient->release();
  }
  Unclaimed(const Unclaimed&) = delete;
  Unclaimed& operator=(const Unclaimed&) = delete;
  void on_timer() noexcept override { task.report_failure(); }

  TaskState& task;
  Scheduler& scheduler;
  const std::string_view name;
  Ambient* const ambient;
};

void start(TaskState& state, std::string_view name) {
  try {
    state.fiber_ = &Scheduler::current().start_child(state, name);
  } catch (...) {
    state.release();  // the Task's constructor throws, so no Task will
    throw;
  }
  state.retain();
}

void TaskState::run() {
  try {
    invoke();
  } catch (...) {
    error_ = std::current_exception();
    keep_failure();
  }
}

// Where somebody is in join(), there is nothing to keep: that one gets it.
void TaskState::keep_failure() {
  if (joiner_ != nullptr && joiner_->state == FiberState::waiting) return;
  if (answers_cancellation(error_)) return;
  try {
    unclaimed_ = new Unclaimed(*this, this_fiber());
  } catch (const std::bad_alloc&) {
    print_lost("(no memory for its name)", error_);
  }
}

void TaskState::report_failure() noexcept {
  const std::unique_ptr<Unclaimed> lost(std::exchange(unclaimed_, nullptr));
  if (lost == nullptr) return;
  if (lost->ambient != nullptr) return lost->ambient->report_lost(lost->name, error_);
  print_lost(lost->name, error_);
}

void TaskState::finished() noexcept {
  done_ = true;
  if (unclaimed_ != nullptr) unclaimed_->scheduler.timers().add(*unclaimed_, after(kClaimTimeout));
  fiber_ = nullptr;
  if (joiner_ != nullptr) joiner_->scheduler.wake(*joiner_);
  release();
}

void TaskState::join() {
  Scheduler& scheduler = Scheduler::current();
  while (!done_) {
    joiner_ = scheduler.current_fiber();
    const Wake wake = scheduler.wait();
    joiner_ = nullptr;
    if (wake != Wake::notified) scheduler.throw_interrupted(wake, "joining a fiber");
  }
  delete std::exchange(unclaimed_, nullptr);
  if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

void TaskState::cancel() noexcept {
  if (fiber_ != nullptr) fiber_->scheduler.cancel(*fiber_);
}

void TaskState::cancel_and_wait() noexcept {
  cancel();
  while (!done_) {
    Scheduler& scheduler = Scheduler::current();
    joiner_ = scheduler.current_fiber();
    scheduler.wait_uninterrupted();
    joiner_ = nullptr;
  }
}

void TaskState::release() noexcept {
  if (--references_ != 0) return;
  report_failure();
  delete this;
}

}  // namespace internal

void sleep_until(TimePoint time) {
  internal::Scheduler& scheduler = internal::Scheduler::current();
  const Fiber& fiber = this_fiber();
  if (time <= now()) return yield();
  const internal::Wake wake = scheduler.wait(time);
  const bool by_deadline = wake == internal::Wake::timeout && fiber.shields == 0 && fiber.deadline < time;
  if (wake == internal::Wake::cancelled || by_deadline) scheduler.throw_interrupted(wake, "sleeping");
}

void sleep_for(Duration duration) { sleep_until(after(duration)); }

void yield() {
  this_fiber();
  internal::Scheduler::current().yield();
}

bool on_fiber() noexcept { return this_fiber_or_null() != nullptr; }

TimePoint deadline() noexcept {
  const Fiber* fiber = this_fiber_or_null();
  return fiber != nullptr ? fiber->deadline : kNever;
}

DeadlineScope::DeadlineScope(Duration from_now) : DeadlineScope(after(from_now)) {}

DeadlineScope::DeadlineScope(TimePoint deadline) : before_(this_fiber().deadline) {
  this_fiber().deadline = std::min(before_, deadline);
}

DeadlineScope::~DeadlineScope() { this_fiber().deadline = before_; }

Fiber& current_fiber() noexcept { return this_fiber(); }

void cancel(Fiber& fiber) noexcept { fiber.scheduler.cancel(fiber); }

bool cancelled() noexcept {
  const Fiber* fiber = this_fiber_or_null();
  return fiber != nullptr && fiber->cancelled && fiber->shields == 0;
}

void throw_if_cancelled() {
  const internal::Scheduler* scheduler = internal::Scheduler::current_or_null();
  if (scheduler == nullptr || scheduler->current_fiber() == nullptr || !scheduler->interrupted()) return;
  scheduler->throw_interrupted(cancelled() ? internal::Wake::cancelled : internal::Wake::timeout, "working");
}

ShieldScope::ShieldScope() noexcept {
  if (Fiber* fiber = this_fiber_or_null()) ++fiber->shields;
}

ShieldScope::~ShieldScope() {
  if (Fiber* fiber = this_fiber_or_null()) --fiber->shields;
}

void Ambient::report_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept {
  print_lost(fiber, exception);
}

Ambient* ambient() noexcept {
  const Fiber* fiber = this_fiber_or_null();
  return fiber != nullptr ? fiber->ambient : internal::this_thread.ambient;
}

Ambient* exchange_ambient(Ambient* next) noexcept {
  Fiber* fiber = this_fiber_or_null();
  return std::exchange(fiber != nullptr ? fiber->ambient : internal::this_thread.ambient, next);
}

}  // namespace marty::runtime
