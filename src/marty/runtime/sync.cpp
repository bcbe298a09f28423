#include "marty/runtime/sync.hpp"

#include "marty/base/check.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime {
namespace internal {

// On the stack of the fiber that waits. A wake-up from another loop travels as this very message, so it needs no
// allocation.
struct WaitNode final : Message {
  WaitNode(Scheduler& loop, Fiber& waiter) : scheduler(loop), fiber(waiter) {}
  void deliver() override {
    delivered = true;
    scheduler.wake(fiber);
  }
  void discard() noexcept override {}

  Scheduler& scheduler;
  Fiber& fiber;
  WaitNode* previous = nullptr;
  WaitNode* next = nullptr;
  bool woken = false;      // guarded by the owner's lock
  bool delivered = false;  // the waiter's loop only
};

void WaitList::wait(std::unique_lock<std::mutex>& lock, std::string_view doing) {
  Scheduler& scheduler = Scheduler::current();
  MARTY_CHECK(scheduler.current_fiber() != nullptr);
  WaitNode node(scheduler, *scheduler.current_fiber());
  node.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &node;
  last_ = &node;

  lock.unlock();
  const Wake wake = scheduler.wait();
  lock.lock();
  if (!node.woken) {
    remove(node);
    scheduler.throw_interrupted(wake, doing);
  }
  if (node.delivered) return;
  // Woken and interrupted at once: the message still on its way refers to the node.
  lock.unlock();
  while (!node.delivered) scheduler.wait_uninterrupted();
  lock.lock();
}

bool WaitList::wake_one() noexcept {
  if (first_ == nullptr) return false;
  WaitNode& node = *first_;
  remove(node);
  node.woken = true;
  if (&node.scheduler == this_thread.scheduler) {
    node.deliver();
  } else {
    node.scheduler.send(node);
  }
  return true;
}

void WaitList::wake_all() noexcept {
  while (wake_one()) {
  }
}

void WaitList::remove(WaitNode& node) noexcept {
  (node.previous != nullptr ? node.previous->next : first_) = node.next;
  (node.next != nullptr ? node.next->previous : last_) = node.previous;
  node.previous = node.next = nullptr;
}

}  // namespace internal

void Mutex::lock() {
  std::unique_lock state(state_);
  if (!locked_) {
    locked_ = true;
  } else {
    waiters_.wait(state);  // unlock() hands the ownership over
  }
}

bool Mutex::try_lock() {
  const std::lock_guard state(state_);
  return !std::exchange(locked_, true);
}

void Mutex::unlock() noexcept {
  const std::lock_guard state(state_);
  if (!waiters_.wake_one()) locked_ = false;
}

void ConditionVariable::wait(std::unique_lock<Mutex>& lock) {
  struct Relock {
    std::unique_lock<Mutex>& lock;
    ~Relock() {
      const ShieldScope shield;  // the caller owns the lock on return, whatever ended the wait
      lock.lock();
    }
  };
  const Relock relock{lock};
  std::unique_lock state(state_);
  lock.unlock();
  waiters_.wait(state);
}

void ConditionVariable::notify_one() noexcept {
  const std::lock_guard state(state_);
  waiters_.wake_one();
}

void ConditionVariable::notify_all() noexcept {
  const std::lock_guard state(state_);
  waiters_.wake_all();
}

void Semaphore::acquire() {
  std::unique_lock state(state_);
  if (permits_ > 0) {
    --permits_;
  } else {
    waiters_.wait(state);  // release() hands its permit over
  }
}

bool Semaphore::try_acquire() {
  const std::lock_guard state(state_);
  if (permits_ == 0) return false;
  --permits_;
  return true;
}

void Semaphore::release() noexcept {
  const std::lock_guard state(state_);
  if (!waiters_.wake_one()) ++permits_;
}

std::size_t Semaphore::available() const {
  const std::lock_guard state(state_);
  return permits_;
}

void Event::set() noexcept {
  const std::lock_guard state(state_);
  set_ = true;
  waiters_.wake_all();
}

bool Event::is_set() const {
  const std::lock_guard state(state_);
  return set_;
}

void Event::wait(std::string_view doing) {
  std::unique_lock state(state_);
  while (!set_) waiters_.wait(state, doing);
}

void Wakeup::wait(std::string_view doing) {
  internal::Scheduler& scheduler = internal::Scheduler::current();
  MARTY_CHECK(waiter_ == nullptr && scheduler.current_fiber() != nullptr);
  waiter_ = scheduler.current_fiber();
  const internal::Wake wake = scheduler.wait();
  waiter_ = nullptr;
  if (wake != internal::Wake::notified) scheduler.throw_interrupted(wake, doing);
}

void Wakeup::notify() noexcept {
  if (waiter_ != nullptr) waiter_->scheduler.wake(*waiter_);
}

}  // namespace marty::runtime
