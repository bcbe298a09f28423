#include "failing_memory.hpp"

#include <cstdlib>
#include <new>

namespace marty::failing_memory {

std::atomic<long> left{kNever};
std::atomic<long> failures{0};
thread_local bool spared = false;

namespace {

bool fails() noexcept {
  if (spared || left.load(std::memory_order_relaxed) == kNever) return false;
  long before = left.load(std::memory_order_relaxed);
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
  }
  if (before != 0) return false;
  if (failures.fetch_sub(1) > 0) return true;
  left = kNever;
  return false;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* const memory = fails() ? nullptr : std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace
}  // namespace marty::failing_memory

using marty::failing_memory::allocate;

// Inlined, one half of these seems to the compiler to be somebody else's.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t bytes) { return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
