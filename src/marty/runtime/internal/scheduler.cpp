#include "marty/runtime/internal/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>
#include <thread>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/real_clock.hpp"

namespace marty::runtime::internal {
namespace {

// Ready fibers that run before the loop looks outside again: no fiber that only yields starves the sockets.
constexpr int kResumesPerTurn = 128;

// Timers that are no fiber's: name resolution, tests.
constexpr std::size_t kOtherTimers = 16;

std::uint64_t seed_from(Driver& driver) {
  std::uint64_t seed = 0;
  driver.random_bytes(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

class PostedFunction final : public Message {
 public:
  PostedFunction(std::function<void()> function, Scheduler& scheduler, Host* host)
      : function_(std::move(function)), scheduler_(scheduler), host_(host) {}
  void deliver() override {
    const std::unique_ptr<PostedFunction> owner(this);
    Host* const before = scheduler_.exchange_callback_host(host_);
    function_();
    scheduler_.exchange_callback_host(before);
  }
  void discard() noexcept override { delete this; }

 private:
  std::function<void()> function_;
  Scheduler& scheduler_;
  Host* host_;  // on whose behalf it was posted
};

// Gives back what a child was to have, where there is no child.
struct ReleaseAmbient {
  void operator()(Ambient* ambient) const noexcept { ambient->release(); }
};

std::string_view printable(std::string_view name) { return name.empty() ? "(unnamed)" : name; }

}  // namespace

constinit thread_local ThreadState this_thread;

Scheduler::Scheduler(World& world, std::unique_ptr<Driver> driver, std::size_t index, StackOptions stacks)
    : world_(world), index_(index), driver_(std::move(driver)), pool_(*this, stacks), random_(seed_from(*driver_)) {
  driver_->attach(*this);
  now_ = driver_->now();
}

Scheduler::~Scheduler() {
  MARTY_CHECK(live_count_ == 0);
  while (senders_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  inbox_.drain([](Message& message) { message.discard(); });
}

Scheduler* Scheduler::current_or_null() noexcept { return this_thread.scheduler; }

Scheduler& Scheduler::current() {
  MARTY_CHECK(this_thread.scheduler != nullptr);
  return *this_thread.scheduler;
}

void Scheduler::run() {
  MARTY_CHECK(this_thread.scheduler == nullptr);
  const ThreadState before = std::exchange(this_thread, ThreadState{this, &world_, nullptr});
  exception_globals_ = ExceptionGlobals::of_this_thread();
  adopt_thread(loop_context_);
  now_ = driver_->now();
  heartbeat_.thread.store(pthread_self(), std::memory_order_relaxed);
  heartbeat_.sleeping.store(false, std::memory_order_relaxed);
  for (stopped_ = false; !stopped_;) turn();
  heartbeat_.sleeping.store(true, std::memory_order_seq_cst);
  heartbeat_.thread.store(0, std::memory_order_relaxed);
  this_thread = before;
}

void Scheduler::turn() {
  driver_->dispatch();
  timers_.expire(now_);
  inbox_.drain([this](Message& message) noexcept {
    beat();
    message.deliver();
  });
  for (int budget = kResumesPerTurn; budget > 0 && ready_first_ != nullptr; --budget) {
    Fiber& fiber = *ready_first_;
    ready_first_ = fiber.next;
    if (ready_first_ == nullptr) ready_last_ = nullptr;
    resume(fiber);
  }
  if (!stopped_) poll();
}

void Scheduler::poll() {
  if (ready_first_ != nullptr) {
    driver_->poll(TimePoint::min());
  } else {
    // With send(): one of both sides sees the other's store, so a message never waits beside a sleeping loop.
    heartbeat_.sleeping.store(true, std::memory_order_seq_cst);
    driver_->poll(inbox_.empty() ? timers_.next() : TimePoint::min());
    heartbeat_.sleeping.store(false, std::memory_order_relaxed);
  }
  now_ = driver_->now();
  beat();
}

void Scheduler::send(Message& message) noexcept {
  if (this_thread.scheduler == this) {
    inbox_.push(message);  // awake, as we see
    return;
  }
  // What the message sets free may end the world while we are still in here: the destructor waits for us.
  senders_.fetch_add(1, std::memory_order_relaxed);
  if (inbox_.push(message) && heartbeat_.sleeping.load(std::memory_order_seq_cst)) driver_->wake();
  senders_.fetch_sub(1, std::memory_order_release);
}

void Scheduler::post(std::function<void()> function) {
  Host* const host = this_thread.scheduler == this ? current_host() : nullptr;
  send(*new PostedFunction(std::move(function), *this, host));
}

void Scheduler::launch(FiberJob& job) { start(job, {}, current_host()); }

void Scheduler::run_now(FiberJob& job) {
  MARTY_CHECK(current_ == nullptr && this_thread.scheduler == this);
  resume(begin(job, {}, callback_host_));
}

Fiber& Scheduler::start(FiberJob& job, std::string_view name, Host* host) {
  Fiber& fiber = begin(job, name, host);
  make_ready(fiber);
  return fiber;
}

Fiber& Scheduler::start_child(FiberJob& job, std::string_view name) {
  MARTY_CHECK(current_ != nullptr);
  Fiber& parent = *current_;
  std::unique_ptr<Ambient, ReleaseAmbient> ambient(parent.ambient != nullptr ? parent.ambient->share() : nullptr);
  Fiber& fiber = begin(job, name, parent.host);
  fiber.ambient = fiber.owned_ambient = ambient.release();
  if (parent.shields == 0) {
    fiber.deadline = parent.deadline;
    fiber.cancelled = parent.cancelled;
    adopt(parent, fiber);
  }
  make_ready(fiber);
  return fiber;
}

void Scheduler::adopt(Fiber& parent, Fiber& child) noexcept {
  child.parent = &parent;
  child.next_sibling = parent.first_child;
  if (parent.first_child != nullptr) parent.first_child->previous_sibling = &child;
  parent.first_child = &child;
}

Fiber& Scheduler::begin(FiberJob& job, std::string_view name, Host* host) {
  timers_.reserve(live_count_ + kOtherTimers);
  Fiber& fiber = pool_.acquire();
  fiber.job = &job;
  fiber.name = name;
  fiber.cancelled = ending_;
  fiber.shields = 0;
  fiber.deadline = kNever;
  fiber.ambient = fiber.owned_ambient = nullptr;
  fiber.host = host;
  fiber.parent = fiber.first_child = fiber.previous_sibling = fiber.next_sibling = nullptr;
  fiber.live_previous = nullptr;
  fiber.live_next = live_;
  if (live_ != nullptr) live_->live_previous = &fiber;
  live_ = &fiber;
  ++live_count_;
  ++started_;
  return fiber;
}

void Scheduler::make_ready(Fiber& fiber) noexcept {
  fiber.state = FiberState::ready;
  fiber.next = nullptr;
  (ready_last_ != nullptr ? ready_last_->next : ready_first_) = &fiber;
  ready_last_ = &fiber;
}

void Scheduler::resume(Fiber& fiber) noexcept {
  beat();
  current_ = &fiber;
  steps_left_ = kStepsPerResume;
  fiber.state = FiberState::running;
  switch_context(loop_context_, fiber.context, *exception_globals_);
  current_ = nullptr;
  if (fiber.state == FiberState::finished) retire(fiber);
}

void Scheduler::suspend() noexcept { switch_context(current_->context, loop_context_, *exception_globals_); }

void Scheduler::fiber_entry() {
  Scheduler& scheduler = *this_thread.scheduler;
  Fiber& fiber = *scheduler.current_;
  arrive(scheduler.loop_context_);
  for (;;) {
    scheduler.run_job(fiber);
    fiber.state = FiberState::finished;
    scheduler.suspend();  // the pool keeps us here until the next job
  }
}

void Scheduler::run_job(Fiber& fiber) noexcept {
  try {
    fiber.job->run();
  } catch (...) {
    const std::string reason = describe(std::current_exception());
    const std::string_view name = printable(fiber.name);
    std::fprintf(stderr, "marty: an exception left fiber %.*s, where nobody could catch it: %s\n",
                 static_cast<int>(name.size()), name.data(), reason.c_str());
    std::abort();
  }
}

void Scheduler::retire(Fiber& fiber) noexcept {
  for (Fiber* child = fiber.first_child; child != nullptr; child = child->next_sibling) child->parent = nullptr;
  if (fiber.parent != nullptr) {
    (fiber.previous_sibling != nullptr ? fiber.previous_sibling->next_sibling : fiber.parent->first_child) =
        fiber.next_sibling;
    if (fiber.next_sibling != nullptr) fiber.next_sibling->previous_sibling = fiber.previous_sibling;
  }
  (fiber.live_previous != nullptr ? fiber.live_previous->live_next : live_) = fiber.live_next;
  if (fiber.live_next != nullptr) fiber.live_next->live_previous = fiber.live_previous;
  --live_count_;
  if (fiber.owned_ambient != nullptr) fiber.owned_ambient->release();
  FiberJob& job = *fiber.job;
  Host* const before = exchange_callback_host(fiber.host);
  fiber.state = FiberState::pooled;
  pool_.release(fiber);
  job.finished();
  exchange_callback_host(before);
  if (settled_ && live_count_ <= settled_count_) std::exchange(settled_, nullptr)();
}

Wake Scheduler::wait(TimePoint until) {
  MARTY_CHECK(current_ != nullptr);
  Fiber& fiber = *current_;
  if (fiber.shields == 0) {
    if (fiber.cancelled) return give_way(Wake::cancelled);
    until = std::min(until, fiber.deadline);
  }
  if (until != kNever) {
    if (until <= now_) return give_way(Wake::timeout);
    timers_.add(fiber, until);
  }
  fiber.state = FiberState::waiting;
  suspend();
  return fiber.wake;
}

// A wait that is over at once. Who catches that and waits again, for ever, does not have the loop for itself.
Wake Scheduler::give_way(Wake wake) noexcept {
  if (--steps_left_ > 0) return wake;
  make_ready(*current_);
  suspend();
  return wake;
}

void Scheduler::wait_uninterrupted() {
  ++current_->shields;
  wait();
  --current_->shields;
}

void Scheduler::wake(Fiber& fiber, Wake reason) noexcept {
  if (fiber.state != FiberState::waiting) return;
  timers_.remove(fiber);
  fiber.wake = reason;
  make_ready(fiber);
}

void Scheduler::yield() {
  if (interrupted()) throw_interrupted(current_->cancelled ? Wake::cancelled : Wake::timeout, "yielding");
  make_ready(*current_);
  suspend();
}

bool Scheduler::interrupted() const noexcept {
  return current_->shields == 0 && (current_->cancelled || current_->deadline <= now_);
}

void Scheduler::throw_interrupted(Wake wake, std::string_view doing) const {
  const bool cancelled = wake == Wake::cancelled;
  try {
    if (cancelled)
      throw Error(Code::cancelled, fmt::format("fiber {} was cancelled while {}", printable(current_->name), doing));
    throw Error(Code::deadline_exceeded, fmt::format("the deadline passed while {}", doing));
  } catch (const std::bad_alloc&) {  // what it is has to be known all the same: who is cancelled ends by it
    throw cancelled ? cancelled_ : deadline_passed_;
  }
}

void Scheduler::interrupt(Fiber& fiber) noexcept {
  fiber.cancelled = true;
  if (fiber.shields == 0) wake(fiber, Wake::cancelled);
}

void Scheduler::cancel(Fiber& root) noexcept {
  for (Fiber* fiber = &root;;) {  // the tree in preorder, without recursion: it may be deep
    interrupt(*fiber);
    if (fiber->first_child != nullptr) {
      fiber = fiber->first_child;
      continue;
    }
    while (fiber != &root && fiber->next_sibling == nullptr) fiber = fiber->parent;
    if (fiber == &root) return;
    fiber = fiber->next_sibling;
  }
}

void Scheduler::cancel_fibers_of(const Host& host) noexcept {
  for (Fiber* fiber = live_; fiber != nullptr; fiber = fiber->live_next) {
    if (fiber->host == &host) interrupt(*fiber);
  }
}

void Scheduler::cancel_all(const Fiber* spared) noexcept {
  ending_ = true;
  for (Fiber* fiber = live_; fiber != nullptr; fiber = fiber->live_next) {
    if (fiber != spared) interrupt(*fiber);
  }
}

void Scheduler::settle(const Fiber* spared, std::function<void()> settled) {
  cancel_all(spared);
  settled_count_ = spared != nullptr ? 1 : 0;
  if (live_count_ <= settled_count_) return settled();
  settled_ = std::move(settled);
}

std::vector<std::string> Scheduler::live_fiber_names() const {
  std::vector<std::string> names;
  for (const Fiber* fiber = live_; fiber != nullptr; fiber = fiber->live_next)
    names.emplace_back(printable(fiber->name));
  std::reverse(names.begin(), names.end());
  return names;
}

std::vector<FiberView> Scheduler::fibers() const {
  std::vector<FiberView> result;
  for (const Fiber* fiber = live_; fiber != nullptr; fiber = fiber->live_next)
    result.push_back({std::string(fiber->name), fiber->job->title(), fiber->cancelled, fiber->ambient});
  std::reverse(result.begin(), result.end());
  return result;
}

LoopStats Scheduler::stats(std::size_t stacks) const {
  LoopStats stats{.fibers = live_count_, .fibers_started = started_};
  if (world_.simulated()) return stats;  // the rest is of this machine and takes system calls
  std::size_t deepest = pool_.high_water_bytes(stacks);
  for (const Fiber* fiber = live_; fiber != nullptr && stacks > 0; fiber = fiber->live_next, --stacks) {
    deepest = std::max(deepest, high_water_bytes(fiber->stack));
  }
  stats.stack_high_water_bytes = deepest;
  stats.processor_time = thread_processor_time();
  return stats;
}

}  // namespace marty::runtime::internal

namespace marty::runtime {
void Fiber::on_timer() noexcept { scheduler.wake(*this, internal::Wake::timeout); }
}  // namespace marty::runtime
