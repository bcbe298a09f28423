// Timers of one loop: an intrusive 4-ary heap. Adding and removing cost O(log n); nothing is allocated but the heap's
// own growth. Timers of the same time expire in the order in which they were added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime::internal {

// Something that happens at a time. Must not be destroyed while it is in a heap.
class Timer {
 public:
  virtual ~Timer() = default;
  bool armed() const noexcept { return position_ != kIdle; }
  virtual void on_timer() noexcept = 0;  // on the loop; the timer is out of the heap by then

 private:
  friend class TimerHeap;
  static constexpr std::uint32_t kIdle = UINT32_MAX;
  std::uint32_t position_ = kIdle;
};

class TimerHeap {
 public:
  // Makes room for so many timers at once, so that add() needs no memory: what waits for a time must not fail by it.
  void reserve(std::size_t timers) {
    if (timers > entries_.capacity()) entries_.reserve(2 * timers);
  }
  void add(Timer& timer, TimePoint time);
  void remove(Timer& timer) noexcept;   // nothing where it is not armed
  void expire(TimePoint now) noexcept;  // runs what is due
  TimePoint next() const noexcept { return entries_.empty() ? kNever : entries_.front().time; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    TimePoint time;
    std::uint64_t sequence;
    Timer* timer;
    bool before(const Entry& other) const noexcept {
      return time < other.time || (time == other.time && sequence < other.sequence);
    }
  };
  void place(std::size_t position, const Entry& entry) noexcept;
  void sift_up(std::size_t position, const Entry& entry) noexcept;
  void sift_down(std::size_t position, const Entry& entry) noexcept;

  std::vector<Entry> entries_;
  std::uint64_t sequence_ = 0;
};

}  // namespace marty::runtime::internal
