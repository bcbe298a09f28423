// Trace and span ids as W3C Trace Context has them (https://www.w3.org/TR/trace-context-2/): 16 and 8 random bytes,
// written as lowercase hexadecimal digits. Zero is invalid and means "none".
//
//   const TraceId id = new_trace_id();
//   record(to_string(id));              // "4bf92f3577b34da6a3ce929d0e0e4736"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace marty::telemetry {

// What all spans of one distributed operation share.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool valid() const noexcept { return (high | low) != 0; }
  bool operator==(const TraceId&) const = default;
};

// One unit of work within a trace.
struct SpanId {
  std::uint64_t value = 0;

  bool valid() const noexcept { return value != 0; }
  bool operator==(const SpanId&) const = default;
};

// Random and valid; from the current world's generator.
TraceId new_trace_id() noexcept;
SpanId new_span_id() noexcept;

// Writes exactly 16 lowercase hexadecimal digits.
void write_hex(std::uint64_t value, char* out) noexcept;
inline void write_hex(TraceId id, char* out) noexcept {
  write_hex(id.high, out);
  write_hex(id.low, out + 16);
}
// Reads exactly 16 lowercase hexadecimal digits; false where there is anything else.
bool read_hex(const char* digits, std::uint64_t& value) noexcept;

std::string to_string(TraceId id);
std::string to_string(SpanId id);

}  // namespace marty::telemetry
