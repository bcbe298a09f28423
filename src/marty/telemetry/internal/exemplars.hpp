// Exemplars: of each bucket of a histogram's series one request that counted in it, by its trace. Shared by all
// threads: nobody waits, and a bucket's exemplar is replaced at most once a second.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::telemetry::internal {

// See above. Memory for the exemplars comes with the first one.
class Exemplars {
 public:
  Exemplars() = default;
  Exemplars(const Exemplars&) = delete;
  Exemplars& operator=(const Exemplars&) = delete;
  ~Exemplars() { delete[] slots_.load(std::memory_order_relaxed); }

  // Keeps the value, of a bucket of so many, where the bucket's exemplar is old and the current context is of a sampled
  // trace.
  void offer(std::size_t bucket, std::size_t buckets, double value) noexcept {
    const runtime::TimePoint now = runtime::coarse_now();
    const Slot* const slots = slots_.load(std::memory_order_acquire);
    if (slots != nullptr && now.time_since_epoch().count() < slots[bucket].due.load(std::memory_order_relaxed)) return;
    keep(bucket, buckets, value, now);
  }
  // By bucket. One that is being written just now is left out.
  std::vector<Exemplar> read(std::size_t buckets) const;

 private:
  struct Slot {
    std::atomic<std::int64_t> due{std::numeric_limits<std::int64_t>::min()};  // when to replace it
    std::atomic_flag busy;                                                    // of `exemplar`
    Exemplar exemplar;
  };
  [[gnu::noinline]] void keep(std::size_t bucket, std::size_t buckets, double value, runtime::TimePoint now) noexcept;
  Slot* make_slots(std::size_t buckets) noexcept;

  std::atomic<Slot*> slots_{nullptr};
};

}  // namespace marty::telemetry::internal
