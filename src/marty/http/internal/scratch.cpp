#include "marty/http/internal/scratch.hpp"

#include <new>

namespace marty::http::internal {

void Scratch::recycle() {
  constexpr std::size_t kKeptBytes = 64 * 1024;
  in.shrink();
  out.shrink();
  parser.reset();
  body.release_memory();
  response.clear();
  if (response.body().capacity() > kKeptBytes) response.body().shrink_to_fit();
}

std::unique_ptr<Scratch> ScratchPool::take() noexcept {
  try {
    std::unique_ptr<Scratch> scratch;
    if (free_.empty()) {
      scratch = std::make_unique<Scratch>(limits_);
    } else {
      scratch = std::move(free_.back());
      free_.pop_back();
    }
    scratch->in.prepare();
    return scratch;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void ScratchPool::give_back(std::unique_ptr<Scratch> scratch) noexcept {
  if (free_.size() == kMaxKept) return;
  scratch->recycle();
  free_.push_back(std::move(scratch));
}

}  // namespace marty::http::internal
