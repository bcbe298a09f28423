// SpanSource: finished spans, as whoever exports them takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace marty::telemetry {

class SpanSource {
 public:
  // Appends finished spans to `out` – each as the field `spans` (2) of ScopeSpans in the wire format of
  // opentelemetry/proto/trace/v1/trace.proto (v1.3) – until `out` has `max_bytes` or there are no more. Returns how
  // many. On a fiber; one caller at a time.
  virtual std::size_t collect(std::string& out, std::size_t max_bytes) = 0;
  // The same at the end, with what the source gives up only then; again until nothing comes.
  virtual std::size_t collect_rest(std::string& out, std::size_t max_bytes) { return collect(out, max_bytes); }
  // Called, on any thread, when so many are waiting that they should be collected at once. Set before the first span.
  virtual void on_pressure(std::function<void()> wake) = 0;
  // Spans that found no place while they waited to be collected.
  virtual std::uint64_t dropped() const noexcept = 0;

 protected:
  ~SpanSource() = default;
};

}  // namespace marty::telemetry
