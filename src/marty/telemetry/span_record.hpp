// SpanRecord: one finished span as it waits to be exported – a slot of fixed size, without pointers into what it tells
// of. Attributes, events and links stand in it in the wire format of OTLP, laid down once where they are set: exporting
// copies them. Names and values follow the semantic conventions of OpenTelemetry
// (https://opentelemetry.io/docs/specs/semconv/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "marty/runtime/time.hpp"
#include "marty/telemetry/ids.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::telemetry {

// Numbers as in opentelemetry/proto/trace/v1/trace.proto.
enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };
enum class SpanStatus : std::uint8_t { unset = 0, ok = 1, error = 2 };

// The name of an attribute that the program's text has: it is put into the wire format when that is compiled.
//
//   record.set("url.path", path);
class AttributeName {
 public:
  static constexpr std::size_t kMaxBytes = 38;

  template <std::size_t N>
  consteval AttributeName(const char (&name)[N]) : size_(N + 1) {  // NOLINT: as good as the literal
    static_assert(N >= 2 && N - 1 <= kMaxBytes);
    wire_[0] = 1 << 3 | 2;  // KeyValue.key
    wire_[1] = static_cast<char>(N - 1);
    for (std::size_t i = 0; i + 1 < N; ++i) wire_[2 + i] = name[i];
  }
  std::string_view name() const noexcept { return {wire_ + 2, std::size_t(size_ - 2)}; }

 private:
  friend struct SpanRecord;
  char wire_[2 + kMaxBytes] = {};
  std::uint8_t size_;
};

// What all spans of one place in the program share: the name, and attributes that never differ. Kept until the process
// ends, and the same for the same name and attributes; so there have to be few: routes, statements.
class SpanSite {
 public:
  // An attribute whose text is empty is none.
  static const SpanSite& get(std::string_view name, LogFields attributes);

  std::string_view name() const noexcept { return name_; }
  std::string_view wire() const noexcept { return wire_; }  // fields `attributes` of Span

 private:
  SpanSite(std::string_view name, std::string wire) : name_(name), wire_(std::move(wire)) {}
  const std::string name_;
  const std::string wire_;
};

// See above. Trivial: copied byte by byte, and only as far as it is used.
struct SpanRecord {
  static constexpr std::size_t kBytes = 512;
  static constexpr std::size_t kMaxNameBytes = 120;
  static constexpr std::size_t kMaxValueBytes = 240;  // of a text; the rest is cut

  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;    // invalid: the root of the trace
  SpanId local_root;        // the span that this process's part of the trace began with
  std::int64_t start, end;  // of runtime::Clock
  const SpanSite* site;     // null: the name stands in the arena
  std::uint16_t size;       // of the arena, the name included
  std::uint8_t name_size;
  SpanKind kind;
  SpanStatus status;
  std::uint8_t dropped;  // attributes, events and links that found no room
  bool sampled : 1;
  bool random : 1;  // the trace id
  bool remote_parent : 1;
  bool own_correlation : 1;  // the correlation id is the trace id, and stands nowhere else
  bool has_message : 1;      // of the status
  bool own_request : 1;      // the request id is made of local root and trace id
  bool unranked : 1;         // does not compete for the slowest of its name
  char arena[kBytes - 71];

  std::string_view name() const noexcept { return site != nullptr ? site->name() : std::string_view(arena, name_size); }
  std::string_view wire() const noexcept { return {arena + name_size, std::size_t(size - name_size)}; }
  std::string_view site_wire() const noexcept { return site != nullptr ? site->wire() : std::string_view(); }
  bool is_local_root() const noexcept { return span_id == local_root; }
  runtime::Duration duration() const noexcept { return runtime::Duration(end - start); }

  void set_name(std::string_view name) noexcept;  // once, before anything else
  void set(const LogField& attribute) noexcept;
  void set(const AttributeName& name, std::string_view value) noexcept;
  void set(const AttributeName& name, std::int64_t value) noexcept;
  // Values under sensitive names are redacted, here but not by set().
  void event(std::string_view name, LogFields attributes, std::uint64_t unix_nanoseconds,
             const Logging* logging = nullptr) noexcept;
  void link(TraceId trace, SpanId span) noexcept;
  // The tracestate of W3C, of which the first members count as far as there is room. Once.
  void set_trace_state(std::string_view state) noexcept;
  void fail(std::string_view message) noexcept;  // status error; the first message counts

 private:
  void set_text(std::string_view name, std::string_view value) noexcept;
};
static_assert(sizeof(SpanRecord) == SpanRecord::kBytes);

// Appends the record as a field `spans` (2) of ScopeSpans. `epoch` is the Unix time, in nanoseconds, at which
// runtime::Clock was 0; `reason` stands in the attribute mmf.sampling_reason where it is not empty.
void append_otlp(std::string& out, const SpanRecord& record, std::int64_t epoch, std::string_view reason = {});

}  // namespace marty::telemetry
