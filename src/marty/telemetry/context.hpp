// Context: who and what a piece of work belongs to – its trace and its six correlation dimensions. It rides along with
// the fiber (children inherit a copy), every log line carries it, and outgoing calls hand it on.
//
//   telemetry::Context context;
//   context.begin(request.headers, Peer::untrusted);       // what web does for each request
//   const telemetry::ContextScope scope(context);           // telemetry::current() is now `context`
//   ...
//   auto checkout = telemetry::with_correlation({.user_id = user, .operation = "checkout"});  // what users write
//
// Beginning a context costs a few hundred instructions and no allocation (but for a tracestate or baggage that was
// sent, the first time). Over 1 KiB: keep it beside a request, not in an idle connection. A Context belongs to one
// fiber at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/published.hpp"
#include "marty/telemetry/dimension.hpp"
#include "marty/telemetry/ids.hpp"
#include "marty/telemetry/propagation.hpp"

namespace marty::telemetry {

class Logging;
class Span;
class Tracer;

// Whether the other side may say who the user is: only a configured proxy or a service of ours may.
enum class Peer : bool { untrusted, trusted };
// Whether an outgoing call carries user, session and baggage: not to strangers.
enum class Identity : bool { omit, forward };

// What of a request's headers was not taken: malformed, or for `identity` from a peer that is not trusted.
enum class Rejection : std::uint8_t { traceparent, tracestate, baggage, b3, id, identity };
inline constexpr std::array<std::string_view, 6> kRejections = {"traceparent", "tracestate", "baggage",
                                                                "b3",          "id",         "untrusted_identity"};

namespace internal {

// A pointer that a copy has none of: it may be for another fiber.
template <class T>
struct NotCopied {
  NotCopied() = default;
  NotCopied(const NotCopied&) noexcept {}
  NotCopied& operator=(const NotCopied&) noexcept { return *this; }
  T* pointer = nullptr;
};

}  // namespace internal

// See above.
class Context final : public runtime::Ambient {
 public:
  TraceId trace_id;
  SpanId span_id;         // of this work
  SpanId parent_span_id;  // of the caller; invalid at the root of a trace
  bool sampled = true;
  bool sampling_decided = false;  // by the caller, or by Tracer::start()
  bool random_trace_id = true;
  bool correlation_id_is_unique = false;  // made for this request: it came with no id at all
  bool owns_correlation_id = false;       // made here: it is the trace id
  bool owns_request_id = false;           // made here, of the first span id and the trace id
  bool in_span = false;                   // span_id is that of a Span of this process
  bool span_taken = false;                // there was one with the id that the context began with
  std::uint8_t rejected = 0;              // a bit for each Rejection
  bool unranked = false;                  // does not compete for the slowest of its name: Tracer::start() with 0
  SpanId begun_span_id;
  SpanId local_root;       // the span that this process's part of the trace began with
  std::string tracestate;  // forwarded as received, within the limits of propagation.hpp
  std::string baggage;

  Dimension correlation_id;  // of the whole operation, across services; the trace id unless the caller sent one
  Dimension request_id;      // of this one hop; the span id and half of the trace id unless the caller sent one
  Dimension user_id;
  Dimension session_id;
  Dimension operation;
  Dimension plugin_id;

  runtime::Pin generation;     // of the configuration that this work sees; its number is in the log lines
  Logging* logging = nullptr;  // where the log lines of this work go; null: stderr
  Tracer* tracer = nullptr;    // that records the spans of this work; null: they are not recorded

  Context() noexcept {}
  Context(const Context&) = default;
  Context& operator=(const Context&) = default;
  ~Context() = default;

  // Starts with a new trace: a job, a timer, a test. Where it was begun before, starts over; keeps `logging`.
  void begin() noexcept;
  // The same from the headers of a request: any range of objects with `name` and `value`. What is malformed counts
  // as not sent.
  template <class Headers>
  void begin(const Headers& headers, Peer peer);

  // The ids that a response carries back: visit(name, value). The correlation id, and where that may be shared with
  // other requests the request id, too.
  template <class Visit>
  void echo(Visit&& visit) const {
    visit(std::string_view("x-mmf-correlation-id"), correlation_id.view());
    if (!correlation_id_is_unique) visit(std::string_view("x-mmf-request-id"), request_id.view());
  }
  // The headers of an outgoing call, with a request id of its own: visit(name, value). Its parent is this span, or
  // where none is recorded an id that no other call has.
  template <class Visit>
  void inject(Visit&& visit, Identity identity = Identity::forward) const;

  Context* share() override;
  void release() noexcept override;
  void report_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept override;

 private:
  friend class Inbound;
  friend class Span;
  friend class CorrelationScope;
  friend void set_user(std::string_view user) noexcept;
  friend Span* current_span() noexcept;
  void reset() noexcept;
  void reject(Rejection what) noexcept { rejected |= static_cast<std::uint8_t>(1u << static_cast<unsigned>(what)); }

  internal::NotCopied<Span> innermost_;  // of the spans that this is the context of
  internal::NotCopied<Context> outer_;   // of the same fiber: that with_correlation() copied
};

// Reads the headers of one request into a Context: take() each, then finish().
class Inbound {
 public:
  Inbound(Context& context, Peer peer) noexcept : context_(context), peer_(peer) {
    if (context.trace_id.valid()) context.reset();
  }

  // Whether a header may concern us: a few instructions for those that do not.
  static bool interesting(std::string_view name) noexcept {
    constexpr std::uint32_t kInitials = 1u << ('t' & 31) | 1u << ('b' & 31) | 1u << ('x' & 31);
    return name.size() >= 2 && (kInitials >> (name[0] & 31) & 1) != 0;
  }
  void take(std::string_view name, std::string_view value);  // names in any case
  void finish() noexcept;

 private:
  void take_b3(std::string_view name, std::string_view value) noexcept;
  void take_dimension(std::string_view name, std::string_view value) noexcept;
  void take_id(Dimension& dimension, std::string_view value) noexcept;
  void take_identity(Dimension& dimension, std::string_view value) noexcept;

  Context& context_;
  Peer peer_;
  bool tracestate_valid_ = true;
  int traceparents_ = 0;
  std::optional<RemoteSpan> traceparent_;
  std::optional<RemoteSpan> b3_;
  TraceId b3_trace_id_;
  SpanId b3_span_id_;
  std::optional<bool> b3_sampled_;
};

template <class Headers>
void Context::begin(const Headers& headers, Peer peer) {
  Inbound inbound(*this, peer);
  for (const auto& header : headers) {
    if (Inbound::interesting(header.name)) inbound.take(header.name, header.value);
  }
  inbound.finish();
}

template <class Visit>
void Context::inject(Visit&& visit, Identity identity) const {
  char traceparent[kTraceparentBytes];
  write_traceparent({trace_id, in_span ? span_id : new_span_id(), sampled, random_trace_id}, traceparent);
  char request[32];
  write_hex(new_trace_id(), request);
  const auto visit_present = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) visit(name, value);
  };
  visit(std::string_view("traceparent"), std::string_view(traceparent, sizeof traceparent));
  visit_present("tracestate", tracestate);
  visit_present("x-mmf-correlation-id", correlation_id);
  visit(std::string_view("x-mmf-request-id"), std::string_view(request, sizeof request));
  if (identity == Identity::forward) {
    visit_present("baggage", baggage);  // may hold anything about the caller
    visit_present("x-mmf-user-id", user_id);
    visit_present("x-mmf-session-id", session_id);
  }
  visit_present("x-mmf-operation-id", operation);
  visit_present("x-mmf-plugin-id", plugin_id);
}

// The context of this fiber; an empty one (without valid ids) where nobody began one.
const Context& current() noexcept;

// Whose work this is has turned out: from now on that is the user of the current context, and of those around it that
// with_correlation() copied. Cut and cleaned as there; an empty text: nobody.
void set_user(std::string_view user) noexcept;

// Makes a context the current one of this fiber for a scope. The context must outlive it.
class [[nodiscard]] ContextScope {
 public:
  explicit ContextScope(Context& context) noexcept : before_(runtime::exchange_ambient(&context)) {}
  ~ContextScope() { runtime::exchange_ambient(before_); }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  runtime::Ambient* before_;
};

// New values for some dimensions. What is not named stays; an empty text clears.
struct Correlation {
  std::optional<std::string_view> correlation_id;
  std::optional<std::string_view> request_id;
  std::optional<std::string_view> user_id;
  std::optional<std::string_view> session_id;
  std::optional<std::string_view> operation;
  std::optional<std::string_view> plugin_id;
};

// What with_correlation() returns: on destruction the former values are back.
class [[nodiscard]] CorrelationScope {
 public:
  explicit CorrelationScope(const Correlation& correlation);
  ~CorrelationScope();
  CorrelationScope(const CorrelationScope&) = delete;
  CorrelationScope& operator=(const CorrelationScope&) = delete;

 private:
  Context context_;
  runtime::Ambient* before_;
};

// Sets dimensions of the current context for a scope, in a context of its own with the same trace. Values are copied;
// beyond 128 bytes they are cut, and a byte that is not printable ASCII becomes '?'.
inline CorrelationScope with_correlation(const Correlation& correlation) { return CorrelationScope(correlation); }

}  // namespace marty::telemetry
