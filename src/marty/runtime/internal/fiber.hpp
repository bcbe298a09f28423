// Fiber: a stack, the machine state on it, and the job that runs there now. The object lies at the top of its own
// stack; when a job ends, stack and context stay alive and take the next job.
#pragma once

#include <cstdint>
#include <string_view>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/context.hpp"
#include "marty/runtime/internal/stack.hpp"
#include "marty/runtime/internal/timer_heap.hpp"

namespace marty::runtime {

namespace internal {

class Host;  // of the simulated world: the machine on which a fiber runs
class Scheduler;

// Why a wait ended.
enum class Wake : std::uint8_t { notified, timeout, cancelled };

enum class FiberState : std::uint8_t { pooled, ready, running, waiting, finished };

}  // namespace internal

// Plain data of the Scheduler, which keeps its invariants. One loop's thread only.
class Fiber final : public internal::Timer {
 public:
  Fiber(internal::Scheduler& owner, const internal::Stack& memory) : scheduler(owner), stack(memory) {}
  void on_timer() noexcept override;

  // For life.
  internal::Scheduler& scheduler;
  internal::Context context;
  const internal::Stack stack;
  Fiber* next = nullptr;  // in the ready queue or in the pool

  // Of the current job.
  FiberJob* job = nullptr;
  std::string_view name;
  internal::FiberState state = internal::FiberState::pooled;
  internal::Wake wake = internal::Wake::notified;
  bool cancelled = false;
  std::uint32_t shields = 0;  // > 0: waits are not interrupted
  TimePoint deadline = kNever;
  Ambient* ambient = nullptr;
  Ambient* owned_ambient = nullptr;  // the reference that the fiber was born with
  internal::Host* host = nullptr;

  // All live fibers of the loop, and the tree of parents and children.
  Fiber* live_previous = nullptr;
  Fiber* live_next = nullptr;
  Fiber* parent = nullptr;
  Fiber* first_child = nullptr;
  Fiber* previous_sibling = nullptr;
  Fiber* next_sibling = nullptr;
};

}  // namespace marty::runtime
