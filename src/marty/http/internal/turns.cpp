#include "marty/http/internal/turns.hpp"

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

void Turns::wait() {
  Waiter waiter;
  (last_ != nullptr ? last_->next : first_) = &waiter;
  last_ = &waiter;
  ++waiting_;
  try {
    while (!waiter.has_turn) waiter.wakeup.wait("waiting for its turn");
  } catch (const Error&) {
    // What the fiber does in its turn will tell that it was interrupted.
  }
  if (!waiter.has_turn && hurry_ != nullptr) hurry_->hurry();
  const runtime::ShieldScope shield;
  while (!waiter.has_turn) waiter.wakeup.wait("waiting for its turn");
  --waiting_;
}

}  // namespace marty::http::internal
