// Stacks for fibers: reserved in slabs of address space, committed by the kernel page by page, each above a guard.
//
//   StackAllocator stacks({.bytes = 256 * 1024});
//   Stack stack = stacks.allocate();     // throws Error(resource_exhausted) where the process may map no more
//   stacks.release(stack);               // its pages go back to the system, its address space is kept
//
// Guards are installed with MADV_GUARD_INSTALL (Linux 6.13: no mapping is split, so 100,000 guarded stacks fit below
// vm.max_map_count) and with mprotect(2) on older kernels. For one thread.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace marty::runtime::internal {

// The usable part of a stack; the guard lies right below `base`.
struct Stack {
  char* base = nullptr;
  std::size_t bytes = 0;
  char* top() const noexcept { return base + bytes; }
};

struct StackOptions {
  std::size_t bytes;  // of each
  // Address space of all of them together, never given back: where the process has little, the rest is for others. The
  // first slab is there from the beginning, whatever this says: what has begun needs stacks to end.
  std::size_t most_bytes = std::numeric_limits<std::size_t>::max();
};

class StackAllocator {
 public:
  static constexpr std::size_t kGuardBytes = 16 * 1024;
  static constexpr std::size_t kStacksPerSlab = 32;

  explicit StackAllocator(StackOptions options);  // throws as allocate() does
  ~StackAllocator();
  StackAllocator(const StackAllocator&) = delete;
  StackAllocator& operator=(const StackAllocator&) = delete;

  Stack allocate();
  void release(Stack stack) noexcept;

 private:
  void carve();  // one more stack with its guard, from the newest slab
  void add_slab();
  void install_guard(char* guard);

  const std::size_t stack_bytes_;
  const std::size_t slot_bytes_;
  const std::size_t most_slabs_;
  std::vector<char*> slabs_;
  std::vector<char*> cold_;  // bases of free stacks without pages
  std::size_t carved_in_slab_ = kStacksPerSlab;
};

// How many bytes of the stack were ever used since its pages were last released, to the page.
std::size_t high_water_bytes(const Stack& stack);

}  // namespace marty::runtime::internal
