#include "marty/runtime/fiber.hpp"

#include <algorithm>

#include "marty/base/check.hpp"
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

}  // namespace

namespace internal {

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
  }
}

void TaskState::finished() noexcept {
  done_ = true;
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
  if (--references_ == 0) delete this;
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

Ambient* ambient() noexcept {
  const Fiber* fiber = this_fiber_or_null();
  return fiber != nullptr ? fiber->ambient : internal::this_thread.ambient;
}

Ambient* exchange_ambient(Ambient* next) noexcept {
  Fiber* fiber = this_fiber_or_null();
  return std::exchange(fiber != nullptr ? fiber->ambient : internal::this_thread.ambient, next);
}

}  // namespace marty::runtime
