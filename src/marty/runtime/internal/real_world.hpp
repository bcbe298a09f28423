// RealWorld: one thread and one epoll instance per loop; loop 0 is the caller of run().
#pragma once

#include <thread>
#include <vector>

#include "marty/runtime/internal/epoll_driver.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime::internal {

class RealWorld final : public World {
 public:
  explicit RealWorld(WorldOptions options);
  ~RealWorld() override;

  void run(std::function<void()> main) override;
  std::span<Loop* const> loops() const override { return loops_; }
  bool simulated() const noexcept override { return false; }

 private:
  void start_threads();
  void stop_threads() noexcept;

  const WorldOptions options_;
  RealServices services_;
  std::vector<std::unique_ptr<Scheduler>> schedulers_;
  std::vector<Loop*> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace marty::runtime::internal
