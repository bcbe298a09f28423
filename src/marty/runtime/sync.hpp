// Mutex, ConditionVariable, Semaphore, Event and Channel: they make fibers wait, never loops. All may be shared by
// fibers of several loops. Wakeup belongs to one loop, and costs next to nothing.
//
//   runtime::Channel<Order> orders(100);                 // bounded: send() waits while it is full
//   orders.send(order);
//   while (auto order = orders.receive()) ship(*order);  // nothing once closed and drained
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

class Fiber;

namespace internal {
struct WaitNode;
// FIFO of waiting fibers behind a spin lock held for a few instructions.
class WaitList {
 public:
  static constexpr std::string_view kDoing = "waiting for another fiber";

  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  // Waits until woken. `lock` guards the owner's state; released while waiting, held again on return. Throws cancelled,
  // deadline_exceeded (then not woken), with a message that names what was done: "the deadline passed while DOING".
  void wait(std::unique_lock<std::mutex>& lock, std::string_view doing = kDoing);
  bool wake_one() noexcept;  // with the owner's lock held; false where nobody waits
  void wake_all() noexcept;
  bool empty() const noexcept { return first_ == nullptr; }

 private:
  void remove(WaitNode& node) noexcept;
  WaitNode* first_ = nullptr;
  WaitNode* last_ = nullptr;
};
}  // namespace internal

// For std::lock_guard / std::unique_lock. Fair; hands over in order of arrival.
class Mutex {
 public:
  void lock();
  bool try_lock();
  void unlock() noexcept;

 private:
  std::mutex state_;
  internal::WaitList waiters_;
  bool locked_ = false;
};

class ConditionVariable {
 public:
  void wait(std::unique_lock<Mutex>& lock);
  template <class Predicate>
  void wait(std::unique_lock<Mutex>& lock, Predicate predicate) {
    while (!predicate()) wait(lock);
  }
  void notify_one() noexcept;
  void notify_all() noexcept;

 private:
  std::mutex state_;
  internal::WaitList waiters_;
};

class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : permits_(permits) {}
  void acquire();
  bool try_acquire();
  void release() noexcept;
  std::size_t available() const;

 private:
  mutable std::mutex state_;
  internal::WaitList waiters_;
  std::size_t permits_;
};

// Set once; wait() returns at once from then on.
class Event {
 public:
  void set() noexcept;
  bool is_set() const;
  void wait(std::string_view doing = internal::WaitList::kDoing);  // told by the error of an interrupted wait

 private:
  mutable std::mutex state_;
  internal::WaitList waiters_;
  bool set_ = false;
};

// Where one fiber waits for callbacks and other fibers of its own loop. No lock; a notification that meets nobody is
// forgotten, so wait in a loop around the condition.
class Wakeup {
 public:
  void wait(std::string_view doing);  // `doing` ends the message where the wait is interrupted: "reading a reply"
  void notify() noexcept;

 private:
  Fiber* waiter_ = nullptr;
};

// A bounded queue of values between fibers.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  // False once the channel is closed: the value was not taken.
  bool send(T value) {
    std::unique_lock lock(state_);
    while (!closed_ && values_.size() >= capacity_) senders_.wait(lock);
    if (closed_) return false;
    values_.push_back(std::move(value));
    receivers_.wake_one();
    return true;
  }
  bool try_send(T value) {
    std::unique_lock lock(state_);
    if (closed_ || values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    receivers_.wake_one();
    return true;
  }
  std::optional<T> receive() {
    std::unique_lock lock(state_);
    while (!closed_ && values_.empty()) receivers_.wait(lock);
    return take();
  }
  std::optional<T> try_receive() {
    std::unique_lock lock(state_);
    return take();
  }
  void close() noexcept {
    std::unique_lock lock(state_);
    closed_ = true;
    senders_.wake_all();
    receivers_.wake_all();
  }

 private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    senders_.wake_one();
    return value;
  }
  std::mutex state_;
  internal::WaitList senders_, receivers_;
  std::deque<T> values_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace marty::runtime
