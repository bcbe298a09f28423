// ResidentFiber: a fiber of the server's own (accepting, sweeping) that runs until it is stopped. Without parent, so
// that neither deadline nor cancellation of whoever started the server reaches it.
#pragma once

#include <functional>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http::internal {

class ResidentFiber final : public runtime::FiberJob {
 public:
  explicit ResidentFiber(std::function<void()> function) : function_(std::move(function)) {}

  void start(runtime::Loop& loop);  // once: a second call changes nothing
  // From a fiber of the same loop: cancels it and waits for its end. Nothing where it has never started.
  void stop();

  void run() override;
  void finished() noexcept override;

 private:
  void run_once();

  std::function<void()> function_;  // ends by throwing when it is cancelled
  runtime::Fiber* fiber_ = nullptr;
  runtime::Event ended_;
  bool started_ = false;
  bool stopping_ = false;
};

}  // namespace marty::http::internal
