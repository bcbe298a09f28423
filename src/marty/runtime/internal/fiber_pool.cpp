#include "marty/runtime/internal/fiber_pool.hpp"

#include <algorithm>
#include <new>

#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {

FiberPool::~FiberPool() {
  while (free_ != nullptr) {
    Fiber& fiber = *free_;
    free_ = fiber.next;
    destroy(fiber);
  }
}

Fiber& FiberPool::make() {
  const Stack stack = stacks_.allocate();
  constexpr std::size_t kAlignment = 64;
  static_assert(alignof(Fiber) <= kAlignment);
  char* place = stack.top() - (sizeof(Fiber) + kAlignment - 1) / kAlignment * kAlignment;
  auto* fiber = new (place) Fiber(owner_, stack);
  make_context(fiber->context, stack, place, &Scheduler::fiber_entry);
  return *fiber;
}

void FiberPool::destroy(Fiber& fiber) noexcept {
  const Stack stack = fiber.stack;
  destroy_context(fiber.context);
  fiber.~Fiber();
  stacks_.release(stack);
}

std::size_t FiberPool::high_water_bytes(std::size_t& stacks) const {
  std::size_t deepest = 0;
  for (const Fiber* fiber = free_; fiber != nullptr && stacks > 0; fiber = fiber->next, --stacks) {
    deepest = std::max(deepest, internal::high_water_bytes(fiber->stack));
  }
  return deepest;
}

}  // namespace marty::runtime::internal
