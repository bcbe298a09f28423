#include "marty/telemetry/tracer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <vector>

#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/internal/per_thread.hpp"
#include "marty/telemetry/internal/span_ring.hpp"
#include "marty/telemetry/internal/tail_sampler.hpp"

namespace marty::telemetry {
namespace {

std::int64_t nanoseconds(runtime::TimePoint time) { return time.time_since_epoch().count(); }

std::int64_t epoch_now() {
  const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(runtime::wall_now().time_since_epoch());
  return wall.count() - nanoseconds(runtime::now());
}

}  // namespace

namespace internal {

// The rings of all threads.
class SpanRings : public std::enable_shared_from_this<SpanRings> {
 public:
  using Part = SpanRing;

  explicit SpanRings(std::size_t slots) : slots_(std::bit_ceil(std::max<std::size_t>(slots, 8))) {}

  SpanRing* acquire_part() {
    const std::lock_guard lock(mutex_);
    retired_.reserve(all_.size() + 1);  // for retire_part()
    if (retired_.empty()) return all_.emplace_back(std::make_unique<SpanRing>(slots_)).get();
    SpanRing* const ring = retired_.back();
    retired_.pop_back();
    return ring;
  }
  void retire_part(SpanRing* ring) noexcept {
    const std::lock_guard lock(mutex_);
    retired_.push_back(ring);
  }
  bool closed() const noexcept { return closed_.load(std::memory_order_relaxed); }
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  std::vector<SpanRing*> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<SpanRing*> rings;
    for (const auto& ring : all_) rings.push_back(ring.get());
    return rings;
  }
  std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = without_ring_.load(std::memory_order_relaxed);
    for (const auto& ring : all_) sum += ring->dropped();
    return sum;
  }
  // A span of a thread that has no ring: it is ending, or there is no memory for one.
  void count_dropped() noexcept { without_ring_.fetch_add(1, std::memory_order_relaxed); }

 private:
  const std::size_t slots_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> without_ring_{0};
  mutable std::mutex mutex_;  // of what follows
  std::vector<std::unique_ptr<SpanRing>> all_;
  std::vector<SpanRing*> retired_;
};

// What takes the spans out of the rings. Counts are read by anybody.
class SpanCollector {
 public:
  struct Batch final : SpanTaker {
    Batch(std::string& bytes, std::int64_t unix_epoch) : out(bytes), epoch(unix_epoch) {}
    void take(const SpanRecord& record, std::string_view reason) override {
      append_otlp(out, record, epoch, reason);
      ++count;
    }
    std::string& out;
    const std::int64_t epoch;
    std::size_t count = 0;
  };

  // Until the batch is full, or the round at its end. A round reads every ring up to where it was when the round began,
  // in as many batches as that takes: a ring that fills faster than it is read does not keep the others waiting, and
  // the tail samplers see all that had ended before the round.
  void collect(const SpanRings& rings, std::size_t max_bytes, const TailOptions& options, Batch& batch) {
    const runtime::TimePoint now = runtime::now();
    if (at_ == round_.size()) begin_round(rings);
    for (; at_ < round_.size(); ++at_) {
      if (!read(round_[at_], max_bytes, options, now, batch)) return show_counts();
    }
    tail_.end_round(options, now, batch);
    if (observer_ != nullptr) {
      Observed observed(*observer_, batch.epoch);
      observed_.end_round(options, now, observed);
    }
    show_counts();
  }

  // Once the rings are empty, until the batch is full.
  void finish(const TailOptions& options, std::size_t max_bytes, Batch& batch) {
    const runtime::TimePoint now = runtime::now();
    tail_.finish(options, now, batch);
    while (batch.out.size() < max_bytes && tail_.give_up_one(batch)) {
    }
    if (observer_ != nullptr) {
      Observed observed(*observer_, batch.epoch);
      observed_.finish(options, now, observed);
    }
    show_counts();
  }

  void observe(TraceObserver* observer) noexcept { observer_ = observer; }
  void add_to(SpanCounts& counts) const noexcept {
    counts.sampled = sampled_.load(std::memory_order_relaxed);
    counts.kept = kept_.load(std::memory_order_relaxed);
    counts.left_out = left_out_.load(std::memory_order_relaxed);
    counts.dropped += evicted_.load(std::memory_order_relaxed);
  }

 private:
  // What a round reads of one ring.
  struct Stretch {
    SpanRing* ring;
    std::uint64_t end;
  };

  void begin_round(const SpanRings& rings) {
    round_.clear();
    at_ = 0;
    for (SpanRing* const ring : rings.all()) round_.push_back({ring, ring->head()});
  }

  // False where the batch is full before the end.
  bool read(const Stretch& stretch, std::size_t max_bytes, const TailOptions& options, runtime::TimePoint now,
            Batch& batch) {
    std::uint64_t at = stretch.ring->tail();
    for (; at != stretch.end && batch.out.size() < max_bytes; ++at) take(stretch.ring->at(at), options, now, batch);
    stretch.ring->release(at);
    return at == stretch.end;
  }

  void show_counts() {
    kept_.store(tail_.kept(), std::memory_order_relaxed);
    left_out_.store(tail_.left_out(), std::memory_order_relaxed);
    evicted_.store(tail_.evicted(), std::memory_order_relaxed);
  }

  struct Observed final : SpanTaker {
    Observed(TraceObserver& told, std::int64_t unix_epoch) : observer(told), epoch(unix_epoch) {}
    void take(const SpanRecord& record, std::string_view reason) override { observer.observe(record, reason, epoch); }
    TraceObserver& observer;
    const std::int64_t epoch;
  };

  void take(const SpanRecord& record, const TailOptions& options, runtime::TimePoint now, Batch& batch) {
    if (record.sampled) {
      batch.take(record, {});
      sampled_.store(sampled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      tail_.take(record, options, now, batch);
    }
    if (observer_ == nullptr) return;
    Observed observed(*observer_, batch.epoch);
    observed_.take(record, options, now, observed);
  }

  std::vector<Stretch> round_;
  std::size_t at_ = 0;    // of the round, where the next batch goes on; its end: the round is over
  TailSampler tail_;      // of what is not sampled
  TailSampler observed_;  // of everything, for the observer
  TraceObserver* observer_ = nullptr;
  std::atomic<std::uint64_t> sampled_{0}, kept_{0}, left_out_{0}, evicted_{0};
};

}  // namespace internal

Tracer::Tracer(const TracerOptions& options)
    : rings_(std::make_shared<internal::SpanRings>(options.ring_spans)),
      collector_(std::make_unique<internal::SpanCollector>()) {
  configure(options);
}

Tracer::~Tracer() { rings_->close(); }

void Tracer::record(bool on) noexcept {
  epoch_.store(epoch_now(), std::memory_order_relaxed);
  recording_.store(on, std::memory_order_relaxed);
}

void Tracer::configure(const TracerOptions& options) noexcept {
  ratio_.store(options.sample_ratio, std::memory_order_relaxed);
  keep_errors_.store(options.keep_errors, std::memory_order_relaxed);
  slow_.store(options.slow.count(), std::memory_order_relaxed);
  slowest_window_.store(options.slowest_window.count(), std::memory_order_relaxed);
}

bool Tracer::samples(TraceId id, double ratio) const noexcept {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 56;
  const auto threshold = static_cast<std::uint64_t>((1 - std::clamp(ratio, 0.0, 1.0)) * static_cast<double>(kAll));
  return (id.low & (kAll - 1)) >= threshold;
}

void Tracer::start(Context& context, std::optional<double> ratio) const noexcept {
  if (!context.sampling_decided)
    context.sampled = samples(context.trace_id, ratio.value_or(ratio_.load(std::memory_order_relaxed)));
  context.sampling_decided = true;
  context.unranked = ratio == 0.0;
  const bool tail = keep_errors_.load(std::memory_order_relaxed) || slow_.load(std::memory_order_relaxed) > 0 ||
                    slowest_window_.load(std::memory_order_relaxed) > 0;
  context.tracer = records() && (context.sampled || tail) ? const_cast<Tracer*>(this) : nullptr;
}

void Tracer::finish(const SpanRecord& record) noexcept {
  internal::SpanRing* const ring = internal::PerThread<internal::SpanRings>::of(*rings_);
  if (ring == nullptr) [[unlikely]]
    return rings_->count_dropped();
  if (!ring->push(record)) [[likely]]
    return;
  if (const std::function<void()>* const wake = wake_.load(std::memory_order_acquire)) (*wake)();
}

namespace {

internal::TailOptions tail_options(bool errors, std::int64_t slow, std::int64_t window) {
  return {.errors = errors, .slow = runtime::Duration(slow), .slowest_window = runtime::Duration(window)};
}

}  // namespace

std::size_t Tracer::collect(std::string& out, std::size_t max_bytes) {
  epoch_.store(epoch_now(), std::memory_order_relaxed);
  internal::SpanCollector::Batch batch(out, epoch());
  collector_->collect(*rings_, max_bytes, tail_options(keep_errors_, slow_, slowest_window_), batch);
  return batch.count;
}

// The first collection may end a round that was begun before, and so without what came last.
std::size_t Tracer::collect_rest(std::string& out, std::size_t max_bytes) {
  std::size_t collected = collect(out, max_bytes);
  if (out.size() < max_bytes) collected += collect(out, max_bytes);
  internal::SpanCollector::Batch batch(out, epoch());
  if (out.size() < max_bytes) collector_->finish(tail_options(keep_errors_, slow_, slowest_window_), max_bytes, batch);
  return collected + batch.count;
}

void Tracer::on_pressure(std::function<void()> wake) {
  wake_.store(&wakes_.emplace_back(std::move(wake)), std::memory_order_release);
}
void Tracer::observe(TraceObserver* observer) noexcept { collector_->observe(observer); }

SpanCounts Tracer::counts() const noexcept {
  SpanCounts counts{.dropped = rings_->dropped()};
  collector_->add_to(counts);
  return counts;
}

std::vector<Observation> observe_spans(Metrics& metrics, const Tracer& tracer) {
  std::vector<Observation> observations;
  const auto add = [&](const char* result, std::uint64_t SpanCounts::*count) {
    observations.push_back(
        metrics.observable_counter("mmf_spans_total", "Spans recorded, by what became of them.", {{"result", result}},
                                   [&tracer, count] { return static_cast<double>(tracer.counts().*count); }));
  };
  add("sampled", &SpanCounts::sampled);
  add("kept", &SpanCounts::kept);
  add("left_out", &SpanCounts::left_out);
  add("dropped", &SpanCounts::dropped);
  return observations;
}

}  // namespace marty::telemetry
