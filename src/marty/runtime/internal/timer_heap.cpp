#include "marty/runtime/internal/timer_heap.hpp"

#include <algorithm>

#include "marty/base/check.hpp"

namespace marty::runtime::internal {
namespace {
constexpr std::size_t kArity = 4;
}

void TimerHeap::add(Timer& timer, TimePoint time) {
  MARTY_CHECK(!timer.armed());
  const Entry entry{time, ++sequence_, &timer};
  entries_.push_back(entry);
  sift_up(entries_.size() - 1, entry);
}

void TimerHeap::remove(Timer& timer) noexcept {
  if (!timer.armed()) return;
  const std::size_t position = timer.position_;
  timer.position_ = Timer::kIdle;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (last.timer == &timer) return;
  if (position > 0 && last.before(entries_[(position - 1) / kArity])) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

void TimerHeap::expire(TimePoint now) noexcept {
  while (!entries_.empty() && entries_.front().time <= now) {
    Timer& timer = *entries_.front().timer;
    remove(timer);
    timer.on_timer();
  }
}

void TimerHeap::place(std::size_t position, const Entry& entry) noexcept {
  entries_[position] = entry;
  entry.timer->position_ = static_cast<std::uint32_t>(position);
}

void TimerHeap::sift_up(std::size_t position, const Entry& entry) noexcept {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kArity;
    if (!entry.before(entries_[parent])) break;
    place(position, entries_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerHeap::sift_down(std::size_t position, const Entry& entry) noexcept {
  const std::size_t size = entries_.size();
  for (;;) {
    const std::size_t first = position * kArity + 1;
    if (first >= size) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + kArity, size); ++child) {
      if (entries_[child].before(entries_[least])) least = child;
    }
    if (!entries_[least].before(entry)) break;
    place(position, entries_[least]);
    position = least;
  }
  place(position, entry);
}

}  // namespace marty::runtime::internal
