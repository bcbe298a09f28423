#include "marty/runtime/per_loop.hpp"

#include <atomic>
#include <mutex>

#include "marty/base/check.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"

namespace marty::runtime::internal {

// A slot a loop, once the world and so their number is known. Each is written by its own loop only.
class PerLoopSlots::State {
 public:
  void** slots() {
    if (void** const made = made_.load(std::memory_order_acquire)) return made;
    const std::lock_guard lock(mutex_);
    if (slots_.empty()) {
      slots_.resize(World::current().loops().size());
      made_.store(slots_.data(), std::memory_order_release);
    }
    return slots_.data();
  }

  std::mutex mutex_;
  std::vector<void*> slots_;
  std::atomic<void**> made_{nullptr};
};

PerLoopSlots::PerLoopSlots() : state_(std::make_unique<State>()) {}
PerLoopSlots::~PerLoopSlots() = default;

void*& PerLoopSlots::of_this_loop() { return state_->slots()[Loop::current().index()]; }

void PerLoopSlots::clear(const std::function<void(void*)>& destroy) {
  for (std::size_t index = 0; index < state_->slots_.size(); ++index) {
    void*& slot = state_->slots_[index];
    if (slot == nullptr) continue;
    MARTY_CHECK(on_fiber());
    Loop& loop = *World::current().loops()[index];
    const auto clear_slot = [&] { destroy(std::exchange(slot, nullptr)); };
    if (&loop == &Loop::current()) {
      clear_slot();
    } else {
      const ShieldScope shield;  // all or nothing
      run_on(loop, clear_slot);
    }
  }
}

}  // namespace marty::runtime::internal
