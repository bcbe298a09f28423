#include "marty/http/internal/turns.hpp"

#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

void Turns::wait() {
  Waiter waiter;
  (last_ != nullptr ? last_->next : first_) = &waiter;
  last_ = &waiter;
  ++waiting_;
  const runtime::ShieldScope shield;
  while (!waiter.has_turn) waiter.wakeup.wait("waiting for its turn");
  --waiting_;
}

}  // namespace marty::http::internal
