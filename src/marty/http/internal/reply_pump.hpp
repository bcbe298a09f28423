// ReplyPump: stands beside a handler that writes its reply piece by piece over HTTP/1.1. What was written goes out when
// the writers wait; and where the client goes meanwhile, the handler's fiber is cancelled, as over HTTP/2.
//
// Made and destroyed by the connection's fiber, used by fibers of its loop.
#pragma once

#include "marty/http/internal/request_body.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::http::internal {

class ReplyPump final : private runtime::FiberJob, private runtime::ReadableCallback {
 public:
  // `body`: of the request; null: it has none. `handler`: the fiber of the connection.
  ReplyPump(Wire& wire, const RequestBody* body, runtime::Fiber& handler);
  ~ReplyPump();  // what is not sent yet stays with the wire
  ReplyPump(const ReplyPump&) = delete;
  ReplyPump& operator=(const ReplyPump&) = delete;

  // Behind the fibers that are ready now. Throws where there is no memory for a stack.
  void flush_soon();
  // Looks out for the client's end, from now on until something arrives.
  void watch() noexcept;
  // Ends a wait for the client.
  void interrupt() noexcept {
    if (fiber_ != nullptr) runtime::cancel(*fiber_);
  }
  // After the wire has failed.
  void give_up() noexcept { runtime::cancel(handler_); }

 private:
  void run() override;
  void finished() noexcept override;
  void on_readable() noexcept override;

  Wire& wire_;
  const RequestBody* const body_;
  runtime::Fiber& handler_;
  runtime::Fiber* fiber_ = nullptr;  // of this job, while it sends
  runtime::Wakeup idle_;             // from launched to not
  bool launched_ = false;
  bool abandoned_ = false;
};

}  // namespace marty::http::internal
