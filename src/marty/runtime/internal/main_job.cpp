#include "marty/runtime/internal/main_job.hpp"

#include <optional>

#include "marty/runtime/sync.hpp"

namespace marty::runtime::internal {
namespace {

// Asks a loop to end its fibers, and waits for that. On the stack of who asks: the end needs no memory.
class Settling final : public Message {
 public:
  Settling(Scheduler& loop, const Fiber* spared) : loop_(loop), spared_(spared) {}
  void deliver() override {
    loop_.settle(spared_, [this] {
      started_ = loop_.fibers_started();
      settled_.set();
    });
  }
  void discard() noexcept override {}
  std::uint64_t wait() {
    settled_.wait();
    return started_;
  }

 private:
  Scheduler& loop_;
  const Fiber* spared_;
  std::uint64_t started_ = 0;
  Event settled_;
};

}  // namespace

void MainJob::run() {
  try {
    main_();
  } catch (...) {
    error_ = std::current_exception();
  }
  main_ = nullptr;  // what it captured dies on the fiber too
  end_other_fibers();
}

// A fiber that ends may still start one on another loop. So the loops are asked in turn until a whole round found that
// none had started a fiber since the round before: a question is delivered after all messages sent before it, so
// nothing is on its way then.
void MainJob::end_other_fibers() {
  const ShieldScope shield;
  const Fiber* self = loops_.front()->current_fiber();
  std::optional<std::uint64_t> before;
  for (;;) {
    std::uint64_t started = 0;
    for (Scheduler* loop : loops_) started += settle(*loop, loop == loops_.front() ? self : nullptr);
    if (started == before) return;
    before = started;
  }
}

// Waits until `loop` has no fiber but `spared`; returns how many it ever started.
std::uint64_t MainJob::settle(Scheduler& loop, const Fiber* spared) {
  Settling settling(loop, spared);
  loop.send(settling);
  return settling.wait();
}

}  // namespace marty::runtime::internal
