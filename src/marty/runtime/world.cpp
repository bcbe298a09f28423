#include "marty/runtime/world.hpp"

#include <exception>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime {
namespace {

// A function on its way to a fiber of another loop and back. On the stack of the fiber that waits for it, which waits
// until the end.
class RemoteCall final : public FiberJob, private internal::Message {
 public:
  RemoteCall(const Fiber& caller, internal::Scheduler& target, const std::function<void()>& function)
      : target_(target),
        function_(function),
        deadline_(caller.shields == 0 ? caller.deadline : kNever),
        ambient_(caller.ambient) {}

  void send() { target_.send(*this); }
  void cancel() noexcept {
    cancelled_ = true;
    if (fiber_ != nullptr) target_.cancel(*fiber_);
  }
  void run() override {
    try {
      function_();
    } catch (...) {
      error_ = std::current_exception();
    }
    fiber_ = nullptr;
  }
  void finished() noexcept override { done_.set(); }

  void wait() {
    try {
      done_.wait();
    } catch (...) {
      const ShieldScope shield;
      Cancellation cancellation(*this);
      target_.send(cancellation);
      done_.wait();
      cancellation.wait();
      throw;
    }
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  // On the target loop, outside fibers.
  void deliver() override {
    try {
      fiber_ = &target_.start(*this, "run_on", nullptr);
    } catch (...) {
      error_ = std::current_exception();
      done_.set();
      return;
    }
    fiber_->deadline = deadline_;
    fiber_->ambient = ambient_;  // the caller keeps it alive, and waits
    if (cancelled_) target_.cancel(*fiber_);
  }
  void discard() noexcept override {}

  // On its way to the target loop; needs no memory, as both sides refer to this call until it has arrived.
  class Cancellation final : public internal::Message {
   public:
    explicit Cancellation(RemoteCall& call) : call_(call) {}
    void deliver() override {
      call_.cancel();
      delivered_.set();
    }
    void discard() noexcept override {}
    void wait() { delivered_.wait(); }

   private:
    RemoteCall& call_;
    Event delivered_;
  };

  internal::Scheduler& target_;
  const std::function<void()>& function_;
  const TimePoint deadline_;
  Ambient* const ambient_;
  Fiber* fiber_ = nullptr;  // the target loop only, like the next two until done
  bool cancelled_ = false;
  std::exception_ptr error_;
  Event done_;
};

}  // namespace

Loop& Loop::current() { return internal::Scheduler::current(); }
Loop* Loop::current_or_null() noexcept { return internal::Scheduler::current_or_null(); }

World& World::current() {
  MARTY_CHECK(internal::this_thread.world != nullptr);
  return *internal::this_thread.world;
}

void run_on(Loop& loop, const std::function<void()>& function) {
  MARTY_CHECK(on_fiber());
  if (&loop == &Loop::current()) return function();
  auto& target = dynamic_cast<internal::Scheduler&>(loop);
  RemoteCall call(current_fiber(), target, function);
  call.send();
  call.wait();
}

int wait_for_signal(std::span<const int> signals) {
  return internal::Scheduler::current().driver().wait_for_signal(signals);
}

}  // namespace marty::runtime
