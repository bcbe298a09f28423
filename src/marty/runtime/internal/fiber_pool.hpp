// FiberPool: fibers without a job, kept with their stacks and contexts, last used first (its pages are warm). For one
// loop.
#pragma once

#include <cstddef>

#include "marty/runtime/internal/fiber.hpp"

namespace marty::runtime::internal {

class FiberPool {
 public:
  // More free fibers than this give their memory back. A busy loop rarely has more than that many in flight.
  static constexpr std::size_t kMaxFree = 256;

  FiberPool(Scheduler& owner, StackOptions stacks) : owner_(owner), stacks_(stacks) {}
  ~FiberPool();

  Fiber& acquire() {
    if (free_ == nullptr) return make();
    Fiber& fiber = *free_;
    free_ = fiber.next;
    --free_count_;
    return fiber;
  }
  void release(Fiber& fiber) noexcept {
    if (free_count_ >= kMaxFree) return destroy(fiber);
    fiber.next = free_;
    free_ = &fiber;
    ++free_count_;
  }
  // The deepest use of any stack in the pool, in bytes.
  std::size_t high_water_bytes(std::size_t& stacks) const;  // of so many; takes off how many it looked at

 private:
  Fiber& make();  // throws resource_exhausted
  void destroy(Fiber& fiber) noexcept;

  Scheduler& owner_;
  StackAllocator stacks_;
  Fiber* free_ = nullptr;
  std::size_t free_count_ = 0;
};

}  // namespace marty::runtime::internal
