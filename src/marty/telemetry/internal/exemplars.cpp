#include "marty/telemetry/internal/exemplars.hpp"

#include <new>

#include "marty/telemetry/context.hpp"

namespace marty::telemetry::internal {

// Who finds the slot taken goes on without: another request does as well.
void Exemplars::keep(std::size_t bucket, std::size_t buckets, double value, runtime::TimePoint now) noexcept {
  const Context& context = current();
  if (!context.sampled || !context.sampling_decided || !context.trace_id.valid()) return;
  Slot* slots = slots_.load(std::memory_order_acquire);
  if (slots == nullptr) slots = make_slots(buckets);
  if (slots == nullptr) return;
  Slot& slot = slots[bucket];
  if (slot.busy.test_and_set(std::memory_order_acquire)) return;
  slot.due.store((now + std::chrono::seconds(1)).time_since_epoch().count(), std::memory_order_relaxed);
  slot.exemplar = {value, context.trace_id, context.span_id, runtime::wall_now()};
  slot.busy.clear(std::memory_order_release);
}

Exemplars::Slot* Exemplars::make_slots(std::size_t buckets) noexcept {
  Slot* const made = new (std::nothrow) Slot[buckets];
  Slot* first = nullptr;
  if (made == nullptr || slots_.compare_exchange_strong(first, made, std::memory_order_acq_rel)) return made;
  delete[] made;
  return first;
}

std::vector<Exemplar> Exemplars::read(std::size_t buckets) const {
  std::vector<Exemplar> all;
  Slot* const slots = slots_.load(std::memory_order_acquire);
  for (std::size_t i = 0; slots != nullptr && i < buckets; ++i) {
    Slot& slot = slots[i];
    if (slot.busy.test_and_set(std::memory_order_acquire)) continue;
    if (slot.exemplar.trace_id.valid()) all.push_back(slot.exemplar);
    slot.busy.clear(std::memory_order_release);
  }
  return all;
}

}  // namespace marty::telemetry::internal
