// Traces: the last traces whose part in this process failed, was slow, or was the slowest of its name for a while, with
// all their spans, as a Tracer tells of them.
//
//   Traces traces;
//   tracer.observe(&traces);              // before the first span; traces outlives the collector
//   for (const Trace& trace : traces.all()) ...
//
// Bounded: kMaxOfReason traces for each reason, of kMaxSpans spans each, and kMaxBytes of all together; the oldest
// go. Any thread may look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/telemetry/tracer.hpp"

namespace marty::admin {

// The part of a trace that this process had.
struct Trace {
  telemetry::TraceId id;
  std::string name;    // of the root that was told of first; empty: not told of yet
  std::string reason;  // "error", "slow" or "slowest"
  bool failed = false;
  std::int64_t start = 0;  // Unix time in nanoseconds
  runtime::Duration duration{0};
  std::size_t span_count = 0;
  std::size_t spans_left_out = 0;  // beyond kMaxSpans
  std::string spans;               // as OTLP has them: fields `spans` of ScopeSpans
};

class Traces final : public telemetry::TraceObserver {
 public:
  static constexpr std::size_t kMaxOfReason = 50;
  static constexpr std::size_t kMaxSpans = 200;
  static constexpr std::size_t kMaxBytes = 8 << 20;

  void observe(const telemetry::SpanRecord& record, std::string_view reason, std::int64_t epoch) override;

  std::vector<Trace> all() const;  // with a root; the latest first
  std::optional<Trace> find(telemetry::TraceId id) const;
  std::size_t bytes() const;  // of the spans that are kept

 private:
  using Kept = std::list<Trace>;
  Trace& trace_of(telemetry::TraceId id);
  void note_root(Trace& trace, const telemetry::SpanRecord& root, std::string_view reason, std::int64_t epoch);
  void make_room(std::string_view reason);
  void erase(Kept::iterator trace);

  mutable std::mutex mutex_;
  Kept traces_;  // the oldest first; guarded by mutex_, as is what follows
  std::size_t bytes_ = 0;
};

}  // namespace marty::admin
