#include "marty/service/internal/address_space.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <climits>

namespace marty::service {
namespace {

constexpr std::size_t kHeapBytes = std::size_t{64} << 20;  // glibc's HEAP_MAX_SIZE on 64-bit machines

}  // namespace

int heaps_within(std::size_t address_space_bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(1 + address_space_bytes / 4 / kHeapBytes, INT_MAX));
}

void fit_into_address_space() noexcept {
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY) return;
  mallopt(M_ARENA_MAX, heaps_within(space.rlim_cur));
}

}  // namespace marty::service
