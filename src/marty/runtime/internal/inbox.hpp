// Inbox: messages of other threads to one loop. Lock-free: senders push onto a stack, the loop takes all of it at once
// and reverses it, so that each sender's order is kept. The node is part of the message: nothing is allocated here.
#pragma once

#include <atomic>

namespace marty::runtime::internal {

class Message {
 public:
  virtual ~Message() = default;
  virtual void deliver() = 0;           // on the loop; may delete this. What leaves it ends the process
  virtual void discard() noexcept = 0;  // instead, where the loop is gone

 private:
  friend class Inbox;
  Message* next_ = nullptr;
};

class Inbox {
 public:
  // True where the inbox was empty: the one who finds it so wakes the loop.
  bool push(Message& message) noexcept {
    Message* head = head_.load(std::memory_order_relaxed);
    do {
      message.next_ = head;
    } while (!head_.compare_exchange_weak(head, &message, std::memory_order_seq_cst, std::memory_order_relaxed));
    return head == nullptr;
  }

  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // Calls `function(message)` for each message, oldest first. A message pushed meanwhile waits for the next call.
  template <class Function>
  void drain(Function&& function) {
    if (head_.load(std::memory_order_relaxed) == nullptr) return;
    Message* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Message* oldest = nullptr;
    while (newest != nullptr) {
      Message* next = newest->next_;
      newest->next_ = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest != nullptr) {
      Message* next = oldest->next_;
      function(*oldest);
      oldest = next;
    }
  }

 private:
  std::atomic<Message*> head_{nullptr};
};

}  // namespace marty::runtime::internal
