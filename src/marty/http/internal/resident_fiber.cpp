#include "marty/http/internal/resident_fiber.hpp"

#include "marty/base/error.hpp"

namespace marty::http::internal {

void ResidentFiber::start(runtime::Loop& loop) { loop.launch(*this); }

void ResidentFiber::run() {
  fiber_ = &runtime::current_fiber();
  try {
    while (!stopping_) function_();
  } catch (const Error& error) {
    if (error.code() != Code::cancelled) throw;
  }
}

void ResidentFiber::finished() noexcept {
  fiber_ = nullptr;
  ended_.set();
}

void ResidentFiber::stop() {
  stopping_ = true;
  if (fiber_ != nullptr) runtime::cancel(*fiber_);
  const runtime::ShieldScope shield;
  ended_.wait();
}

}  // namespace marty::http::internal
