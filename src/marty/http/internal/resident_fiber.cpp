#include "marty/http/internal/resident_fiber.hpp"

#include <new>

#include "marty/base/error.hpp"

namespace marty::http::internal {

void ResidentFiber::start(runtime::Loop& loop) {
  if (started_) return;
  loop.launch(*this);
  started_ = true;
}

void ResidentFiber::run() {
  fiber_ = &runtime::current_fiber();
  try {
    while (!stopping_) run_once();
  } catch (const Error& error) {
    if (error.code() != Code::cancelled) throw;
  }
}

// It goes on where there is no memory for a while: nobody would start it again.
void ResidentFiber::run_once() {
  try {
    function_();
  } catch (const std::bad_alloc&) {
    runtime::yield();
  }
}

void ResidentFiber::finished() noexcept {
  fiber_ = nullptr;
  ended_.set();
}

void ResidentFiber::stop() {
  if (!started_) return;
  stopping_ = true;
  if (fiber_ != nullptr) runtime::cancel(*fiber_);
  const runtime::ShieldScope shield;
  ended_.wait();
}

}  // namespace marty::http::internal
