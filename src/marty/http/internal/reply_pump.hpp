// ReplyPump: stands beside a handler that writes its reply piece by piece over HTTP/1.1. What was written goes out when
// the handler waits; and where the client goes meanwhile, the handler's fiber is cancelled, as over HTTP/2.
//
// Made and destroyed by the handler's fiber, used by fibers of its loop, one at a time.
#pragma once

#include "marty/http/internal/request_body.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::http::internal {

class ReplyPump final : private runtime::FiberJob, private runtime::ReadableCallback {
 public:
  // `body`: of the request; null: it has none.
  ReplyPump(Wire& wire, const RequestBody* body) : wire_(wire), body_(body), handler_(runtime::current_fiber()) {}
  ~ReplyPump();  // drops what is not sent yet
  ReplyPump(const ReplyPump&) = delete;
  ReplyPump& operator=(const ReplyPump&) = delete;

  // Before anything is put into the wire's `out`: waits while that is being sent. Throws unavailable, cancelled.
  void make_way();
  void flush_soon();  // behind the fibers that are ready now
  void flush();       // now
  void flush_with(std::string_view first, std::string_view second);

 private:
  void run() override;
  void finished() noexcept override;
  void on_readable() noexcept override;
  void watch() noexcept;

  Wire& wire_;
  const RequestBody* const body_;
  runtime::Fiber& handler_;
  runtime::Fiber* fiber_ = nullptr;  // of this job, while it sends
  runtime::Wakeup idle_;             // from launched to not
  bool launched_ = false;
  bool failed_ = false;
  bool abandoned_ = false;
};

}  // namespace marty::http::internal
