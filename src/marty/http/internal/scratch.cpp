#include "marty/http/internal/scratch.hpp"

#include <new>

namespace marty::http::internal {

ScratchPool::~ScratchPool() {
  while (free_ != nullptr) destroy(std::exchange(free_, free_->next_free));
}

Scratch* ScratchPool::make() const noexcept {
  try {
    return new Scratch(limits_);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void ScratchPool::destroy(Scratch* scratch) noexcept { delete scratch; }

}  // namespace marty::http::internal
