// The wire formats that carry a trace between services: W3C Trace Context level 2
// (https://www.w3.org/TR/trace-context-2/), W3C Baggage (https://www.w3.org/TR/baggage/) and B3
// (https://github.com/openzipkin/b3-propagation).
//
// Pure functions over text; context.hpp puts them together. Input is untrusted: nothing here throws, and what does not
// follow the format to the letter is refused.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "marty/telemetry/ids.hpp"

namespace marty::telemetry {

// What a caller tells about its trace.
struct RemoteSpan {
  TraceId trace_id;
  SpanId span_id;
  bool sampled = false;
  bool random = false;  // the trace id's low 7 bytes are random (trace-context-2 section 3.2.2.5.2)

  bool operator==(const RemoteSpan&) const = default;
};

inline constexpr std::size_t kTraceparentBytes = 55;
inline constexpr std::size_t kMaxTracestateMembers = 32;
inline constexpr std::size_t kMaxTracestateBytes = 512;
inline constexpr std::size_t kMaxBaggageBytes = 8192;  // of as many members as fit: 64 are the least (baggage 3.3.2)

// The value of a traceparent header. Versions above 00 are read as far as 00 goes; ff, zero ids, uppercase and any
// other length are refused.
std::optional<RemoteSpan> parse_traceparent(std::string_view text) noexcept;
// Version 00; exactly kTraceparentBytes.
void write_traceparent(const RemoteSpan& span, char* out) noexcept;

// The value of a single `b3` header. Only "0", "1" and "d" come without ids: then the span is invalid and says only
// `sampled`.
std::optional<RemoteSpan> parse_b3(std::string_view text) noexcept;
// An X-B3-TraceId (16 or 32 digits) and an X-B3-SpanId.
std::optional<TraceId> parse_b3_trace_id(std::string_view text) noexcept;
std::optional<SpanId> parse_b3_span_id(std::string_view text) noexcept;

// Appends the members of one tracestate header. False where a member is malformed or there are more than 32: the whole
// state is then to be dropped. Over 512 bytes the members at the end are left out.
bool append_tracestate(std::string& state, std::string_view header);
// Appends the well-formed members of one baggage header, as many as fit into 8192 bytes; the others
// are left out. False where a member was malformed.
bool append_baggage(std::string& baggage, std::string_view header);

}  // namespace marty::telemetry
