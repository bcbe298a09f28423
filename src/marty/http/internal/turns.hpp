// Turns: fibers of one loop that do something one after the other, in the order in which they came.
//
//   const Turns::Turn turn(turns_);    // waits while another one has it
//
// Costs next to nothing where nobody else is there: no lock, no system call. Waiting for a turn has no other end, so
// that what is to be done is always done. Whoever has it is to obey its own cancellation and deadline; where a fiber
// that waits is cancelled, or its deadline passes, hurry() may see to it that the turn comes soon.
#pragma once

#include <cstddef>

#include "marty/runtime/sync.hpp"

namespace marty::http::internal {

class Turns {
 public:
  class Hurry {
   public:
    virtual void hurry() noexcept = 0;

   protected:
    ~Hurry() = default;
  };

  explicit Turns(Hurry* hurry = nullptr) noexcept : hurry_(hurry) {}

  // Held until its end.
  class [[nodiscard]] Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) { turns_.take(); }
    ~Turn() { turns_.pass_on(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };

  // Also one that has its turn by now and has not run yet.
  bool has_waiters() const noexcept { return waiting_ != 0; }

 private:
  // On the stack of the fiber that waits.
  struct Waiter {
    runtime::Wakeup wakeup;
    Waiter* next = nullptr;
    bool has_turn = false;
  };

  void take() {
    if (taken_) return wait();
    taken_ = true;
  }
  void wait();
  void pass_on() noexcept {
    if (first_ == nullptr) {
      taken_ = false;
      return;
    }
    Waiter& waiter = *first_;
    first_ = waiter.next;
    if (first_ == nullptr) last_ = nullptr;
    waiter.has_turn = true;
    waiter.wakeup.notify();
  }

  Hurry* const hurry_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool taken_ = false;
};

}  // namespace marty::http::internal
