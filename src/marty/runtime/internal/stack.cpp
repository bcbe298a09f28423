#include "marty/runtime/internal/stack.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/sanitizer.hpp"

namespace marty::runtime::internal {
namespace {

constexpr int kMadviseGuardInstall = 102;  // MADV_GUARD_INSTALL; not in the headers of Debian 12

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t round_up_to_page(std::size_t bytes) noexcept {
  return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

[[noreturn]] void throw_exhausted(const char* call, std::size_t bytes) {
  throw Error::exhausted(
      fmt::format("no address space for another fiber stack ({} of {} bytes: {}); run fewer fibers at once, lower "
                  "server.fiber_stack, or raise vm.max_map_count (sysctl) and the limit on address space (ulimit -v)",
                  call, bytes, std::strerror(errno)));
}

}  // namespace

StackAllocator::StackAllocator(StackOptions options)
    : stack_bytes_(round_up_to_page(options.bytes)),
      slot_bytes_(stack_bytes_ + round_up_to_page(kGuardBytes)),
      most_slabs_(std::max<std::size_t>(options.most_bytes / (slot_bytes_ * kStacksPerSlab), 1)) {
  add_slab();
}

StackAllocator::~StackAllocator() {
  for (char* slab : slabs_) munmap(slab, slot_bytes_ * kStacksPerSlab);
}

Stack StackAllocator::allocate() {
  if (cold_.empty()) carve();
  char* base = cold_.back();
  cold_.pop_back();
  unpoison(base, stack_bytes_);
  return {base, stack_bytes_};
}

void StackAllocator::release(Stack stack) noexcept {
  unpoison(stack.base, stack.bytes);
  madvise(stack.base, stack.bytes, MADV_DONTNEED);
  cold_.push_back(stack.base);  // add_slab() reserved the room
}

void StackAllocator::carve() {
  if (carved_in_slab_ == kStacksPerSlab) add_slab();
  char* guard = slabs_.back() + carved_in_slab_ * slot_bytes_;
  install_guard(guard);
  ++carved_in_slab_;
  cold_.push_back(guard + (slot_bytes_ - stack_bytes_));
}

void StackAllocator::add_slab() {
  if (slabs_.size() == most_slabs_) {
    throw Error::exhausted(
        fmt::format("{} fibers have a stack already, which is a loop's share of the limit on address space; run fewer "
                    "at once, lower server.fiber_stack, or raise the limit (ulimit -v)",
                    slabs_.size() * kStacksPerSlab));
  }
  cold_.reserve((slabs_.size() + 1) * kStacksPerSlab);
  slabs_.reserve(slabs_.size() + 1);
  const std::size_t bytes = slot_bytes_ * kStacksPerSlab;
  void* slab =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (slab == MAP_FAILED) throw_exhausted("mmap", bytes);
  // A huge page would commit the memory of many stacks for one. The advice fails only where huge pages do not exist.
  madvise(slab, bytes, MADV_NOHUGEPAGE);
  slabs_.push_back(static_cast<char*>(slab));
  carved_in_slab_ = 0;
}

void StackAllocator::install_guard(char* guard) {
  const std::size_t bytes = slot_bytes_ - stack_bytes_;
  if (madvise(guard, bytes, kMadviseGuardInstall) == 0) return;
  if (mprotect(guard, bytes, PROT_NONE) != 0) throw_exhausted("mprotect", bytes);
}

std::size_t high_water_bytes(const Stack& stack) {
  const std::size_t pages = stack.bytes / page_bytes();
  std::vector<unsigned char> resident(pages);
  if (mincore(stack.base, stack.bytes, resident.data()) != 0) return 0;
  for (std::size_t page = 0; page < pages; ++page) {
    if ((resident[page] & 1) != 0) return (pages - page) * page_bytes();
  }
  return 0;
}

}  // namespace marty::runtime::internal
