// MainJob: the first fiber of a World, in both worlds. It runs main, then ends all other fibers of all loops, then
// stops loop 0.
#pragma once

#include <exception>
#include <functional>
#include <vector>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {

class MainJob final : public FiberJob {
 public:
  // `loops.front()` runs the job.
  MainJob(std::function<void()> main, std::vector<Scheduler*> loops)
      : main_(std::move(main)), loops_(std::move(loops)) {}

  void run() override;
  void finished() noexcept override { loops_.front()->stop(); }
  void rethrow() const {
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  void end_other_fibers();
  std::uint64_t settle(Scheduler& loop, const Fiber* spared);

  std::function<void()> main_;
  std::vector<Scheduler*> loops_;
  std::exception_ptr error_;
};

}  // namespace marty::runtime::internal
