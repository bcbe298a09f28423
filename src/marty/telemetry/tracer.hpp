// Tracer: decides which traces are recorded, keeps finished spans until they are collected, and which of them leave the
// process. One per service; work finds it in its Context. Users write spans (span.hpp).
//
//   Tracer tracer({.sample_ratio = 0.1});
//   tracer.record(true);                    // somebody collects
//   tracer.start(context);                  // where a trace begins, or goes on from a caller
//   ...
//   std::string batch;
//   tracer.collect(batch, 512 * 1024);      // what an exporter does
//
// Sampling. A caller's decision is followed (parent-based). A trace that begins here is sampled where the low 56 bits
// of its id are at least (1 - ratio) * 2^56, so that all services with the same ratio take the same traces
// (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/). Of the others – those that a
// caller decided against included – the spans are recorded all the same, and kept where the part of the trace in this
// process failed or was slow (tail sampling); they carry mmf.sampling_reason: error, slow or slowest.
//
// Recording a span costs its thread a copy of some hundred bytes into a ring of its own: no lock, no allocation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/span_record.hpp"
#include "marty/telemetry/span_source.hpp"

namespace marty::telemetry {

class Context;

namespace internal {
class SpanRings;
class SpanCollector;
}  // namespace internal

struct TracerOptions {
  double sample_ratio = 1;                                      // of the traces that begin here; 0 to 1
  bool keep_errors = true;                                      // of those not sampled: the failed ones
  runtime::Duration slow = std::chrono::seconds(1);             // and what took so long; zero: nothing
  runtime::Duration slowest_window = std::chrono::seconds(10);  // and of each name the slowest so often; zero: none
  std::size_t ring_spans = 1024;                                // of each thread; made a power of two
};

// What became of spans, since the start.
struct SpanCounts {
  std::uint64_t sampled = 0;   // to be exported, as decided at the beginning
  std::uint64_t kept = 0;      // to be exported, as decided at the end
  std::uint64_t left_out = 0;  // recorded, and decided against at the end
  std::uint64_t dropped = 0;   // lost: a full ring, or no room to wait for a decision
};

// Is told of each trace's part in this process that failed or was slow, sampled or not. On the collector's fiber.
class TraceObserver {
 public:
  // A span of such a part; the last one of a part is its root, and has a reason: "error", "slow" or "slowest".
  virtual void observe(const SpanRecord& record, std::string_view reason, std::int64_t epoch) = 0;

 protected:
  ~TraceObserver() = default;
};

class Tracer final : public SpanSource {
 public:
  explicit Tracer(const TracerOptions& options = {});
  ~Tracer();  // records that nobody collected are lost
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // While it does not record (the default), spans cost nothing; decisions are made all the same.
  void record(bool on) noexcept;
  bool records() const noexcept { return recording_.load(std::memory_order_relaxed); }
  // What may change while it runs: the ratio, and what is kept of the rest.
  void configure(const TracerOptions& options) noexcept;

  // Decides on the trace of a context that has just begun, and puts the tracer there where its spans are recorded. The
  // ratio 0 is for work that nobody looks for, such as probes: kept where it fails or is slow, but not as the slowest.
  void start(Context& context, std::optional<double> ratio = std::nullopt) const noexcept;
  bool samples(TraceId id, double ratio) const noexcept;

  void finish(const SpanRecord& record) noexcept;  // what Span does at its end

  // SpanSource.
  std::size_t collect(std::string& out, std::size_t max_bytes) override;
  std::size_t collect_rest(std::string& out, std::size_t max_bytes) override;
  void on_pressure(std::function<void()> wake) override;
  std::uint64_t dropped() const noexcept override { return counts().dropped; }

  SpanCounts counts() const noexcept;
  void observe(TraceObserver* observer) noexcept;  // null: nobody; before the first span

  // Unix time, in nanoseconds, at which runtime::Clock was 0, as last looked at.
  std::int64_t epoch() const noexcept { return epoch_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> recording_{false};
  std::atomic<double> ratio_;
  std::atomic<bool> keep_errors_;
  std::atomic<std::int64_t> slow_, slowest_window_;
  std::atomic<std::int64_t> epoch_{0};
  std::deque<std::function<void()>> wakes_;  // all that there have been: another thread may be in one
  std::atomic<const std::function<void()>*> wake_{nullptr};
  std::shared_ptr<internal::SpanRings> rings_;  // shared with the threads that recorded
  std::unique_ptr<internal::SpanCollector> collector_;
};

// mmf_spans_total{result}: sampled, kept, left_out, dropped. The tracer must outlive the observations.
std::vector<Observation> observe_spans(Metrics& metrics, const Tracer& tracer);

}  // namespace marty::telemetry
