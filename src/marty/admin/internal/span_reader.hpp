// What a span tells, read from its form in OTLP (opentelemetry/proto/trace/v1/trace.proto, v1.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace marty::admin::internal {

struct SpanAttribute {
  std::string name;
  std::string value;
};

struct SpanEvent {
  std::string name;
  double at_ms = 0;  // since the trace began
  std::vector<SpanAttribute> attributes;
};

struct SpanDetails {
  std::string span_id;
  std::string parent_span_id;  // "" at the root of the trace
  std::string name;
  std::string kind;
  double start_ms = 0;  // since the trace began
  double duration_ms = 0;
  bool failed = false;
  std::string status_message;
  std::vector<SpanAttribute> attributes;
  std::vector<SpanEvent> events;
  int depth = 0;  // below the spans that have no parent here

  std::string_view attribute(std::string_view attribute_name) const;  // "" where there is none
};

// Of fields `spans` of ScopeSpans: each behind its parent, and those of one parent by their start. `start`: Unix time
// in nanoseconds.
std::vector<SpanDetails> read_spans(std::string_view spans, std::int64_t start);

}  // namespace marty::admin::internal
