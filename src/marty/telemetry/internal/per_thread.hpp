// PerThread: the part of an owner that one thread writes, found in a few instructions where the thread last used the
// same owner. An Owner is held by shared_ptr and has
//
//   using Part = ...;
//   Part* acquire_part();            // that of a thread which has ended, or a new one
//   void retire_part(Part* part) noexcept;   // its thread has ended; what it wrote stays
//   bool closed() const noexcept;    // nobody will use the owner any more
#pragma once

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

namespace marty::telemetry::internal {

template <class Owner>
class PerThread {
 public:
  using Part = typename Owner::Part;

  // Null: the thread is ending, and has given its parts back; or there is no memory for its part, and the next call
  // tries again.
  static Part* of(Owner& owner) noexcept {
    if (t_owner != &owner) [[unlikely]]
      return enter(owner);
    return t_part;
  }

 private:
  // The parts of one thread. Shares the owners, so that an address seen here is never that of a later one.
  class Memberships {
   public:
    ~Memberships() {
      t_owner = nullptr;
      t_ended = true;
      for (const Membership& membership : all_) membership.owner->retire_part(membership.part);
    }
    Part* find(Owner& owner) {
      const auto found = std::ranges::find(all_, &owner, [](const Membership& one) { return one.owner.get(); });
      if (found != all_.end()) return found->part;
      std::erase_if(all_, [](const Membership& one) { return one.owner->closed(); });
      if (all_.size() == all_.capacity()) all_.reserve(2 * all_.size() + 2);  // first: a part is taken for good
      all_.push_back({owner.shared_from_this(), owner.acquire_part()});
      return all_.back().part;
    }

   private:
    struct Membership {
      std::shared_ptr<Owner> owner;
      Part* part;
    };
    std::vector<Membership> all_;
  };

  // Apart, so that of() needs no stack frame.
  [[gnu::noinline]] static Part* enter(Owner& owner) noexcept {
    if (t_ended) return nullptr;
    static thread_local Memberships memberships;
    try {
      t_part = memberships.find(owner);
      t_owner = &owner;
      return t_part;
    } catch (const std::bad_alloc&) {
      t_owner = nullptr;  // it may be among those that were let go
      t_part = nullptr;
      return nullptr;
    }
  }

  // The owner this thread last used, which its memberships keep alive.
  static inline constinit thread_local Owner* t_owner = nullptr;
  static inline constinit thread_local Part* t_part = nullptr;
  static inline constinit thread_local bool t_ended = false;  // of trivial destruction: readable until the very end
};

}  // namespace marty::telemetry::internal
