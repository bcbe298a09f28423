#include "marty/admin/traces.hpp"

#include <algorithm>

namespace marty::admin {
namespace {

// One for each reason, and those whose root is still to come.
constexpr std::size_t kMaxTraces = 4 * Traces::kMaxOfReason;

}  // namespace

void Traces::observe(const telemetry::SpanRecord& record, std::string_view reason, std::int64_t epoch) {
  const std::lock_guard lock(mutex_);
  Trace& trace = trace_of(record.trace_id);
  // The first root tells what the trace is, so there is always room for it; a caller may send any number of others.
  const bool tells_what_it_is = record.is_local_root() && trace.name.empty();
  if (trace.span_count >= kMaxSpans && !tells_what_it_is) {
    ++trace.spans_left_out;
  } else {
    const std::size_t before = trace.spans.size();
    telemetry::append_otlp(trace.spans, record, epoch, reason);
    ++trace.span_count;
    bytes_ += trace.spans.size() - before;
  }
  if (record.is_local_root()) note_root(trace, record, reason, epoch);
  make_room(reason);
}

Trace& Traces::trace_of(telemetry::TraceId id) {
  const auto found = std::find_if(traces_.rbegin(), traces_.rend(), [&](const Trace& trace) { return trace.id == id; });
  if (found != traces_.rend()) return *found;
  return traces_.emplace_back(Trace{.id = id});
}

void Traces::note_root(Trace& trace, const telemetry::SpanRecord& root, std::string_view reason, std::int64_t epoch) {
  trace.failed = trace.failed || root.status == telemetry::SpanStatus::error;
  if (!trace.name.empty() && root.duration() < trace.duration) return;  // a call to itself, within the whole
  trace.name = root.name();
  trace.reason = reason;
  trace.start = root.start + epoch;
  trace.duration = root.duration();
}

void Traces::make_room(std::string_view reason) {
  const auto is_like = [&](const Trace& trace) { return !trace.name.empty() && trace.reason == reason; };
  if (!reason.empty() && static_cast<std::size_t>(std::ranges::count_if(traces_, is_like)) > kMaxOfReason)
    erase(std::ranges::find_if(traces_, is_like));
  while (traces_.size() > 1 && (bytes_ > kMaxBytes || traces_.size() > kMaxTraces)) erase(traces_.begin());
}

void Traces::erase(Kept::iterator trace) {
  bytes_ -= trace->spans.size();
  traces_.erase(trace);
}

std::vector<Trace> Traces::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Trace> complete;
  std::copy_if(traces_.rbegin(), traces_.rend(), std::back_inserter(complete),
               [](const Trace& trace) { return !trace.name.empty(); });
  return complete;
}

std::optional<Trace> Traces::find(telemetry::TraceId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(traces_, id, &Trace::id);
  return found != traces_.end() ? std::optional(*found) : std::nullopt;
}

std::size_t Traces::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace marty::admin
