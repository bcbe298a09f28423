// SpanRing: the finished spans of one thread until they are collected. Its thread writes, one collector reads; neither
// waits for the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "marty/telemetry/span_record.hpp"

namespace marty::telemetry::internal {

class SpanRing {
 public:
  // REQUIRES a power of two. The memory is touched as it is used.
  explicit SpanRing(std::size_t slots)
      : mask_(slots - 1), slots_(static_cast<SpanRecord*>(::operator new(slots * sizeof(SpanRecord)))) {}
  ~SpanRing() { ::operator delete(slots_); }
  SpanRing(const SpanRing&) = delete;
  SpanRing& operator=(const SpanRing&) = delete;

  // Of the owning thread. True: half of the slots have just become taken, and a collector should come.
  bool push(const SpanRecord& record) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head - seen_tail_ > mask_) [[unlikely]] {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head - seen_tail_ > mask_) {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
      }
    }
    std::memcpy(static_cast<void*>(&slots_[head & mask_]), &record, offsetof(SpanRecord, arena) + record.size);
    head_.store(head + 1, std::memory_order_release);
    if (((head + 1) & (mask_ >> 2)) != 0) return false;  // looked at four times a round
    return head + 1 - tail_.load(std::memory_order_relaxed) > mask_ / 2;
  }

  // Of the collector.
  std::uint64_t head() const noexcept { return head_.load(std::memory_order_acquire); }
  std::uint64_t tail() const noexcept { return tail_.load(std::memory_order_relaxed); }
  const SpanRecord& at(std::uint64_t position) const noexcept { return slots_[position & mask_]; }
  void release(std::uint64_t tail) noexcept { tail_.store(tail, std::memory_order_release); }

  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t mask_;
  SpanRecord* const slots_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::uint64_t seen_tail_ = 0;  // the owner's: at most tail_
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace marty::telemetry::internal
