// Span: one timed step of a trace. It begins where it stands and ends with its scope; what happens meanwhile on this
// fiber, and on fibers started meanwhile, belongs to it.
//
//   telemetry::Span span("reserve stock", {{"order.id", id}});
//   span.set("stock.left", left);
//   span.event("retried", {{"attempt", 2}});
//   if (!left) span.fail("sold out");
//
// A scope that an exception leaves ends its span with the status error. Without a trace that is recorded (tracer.hpp) a
// span costs a look at the context. It stands in a fixed piece of memory: what finds no room there is counted as
// dropped, texts are cut at 240 bytes. The value of an attribute whose name is sensitive (redaction.hpp, and the
// setting logging.redact) is "[redacted]". Belongs to the fiber that made it.
//
//   telemetry::annotate("order.id", id);      // of the innermost span of this fiber: that of the request, in a handler
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/span_record.hpp"

namespace marty::telemetry {

class Span {
 public:
  explicit Span(std::string_view name, LogFields attributes = {}, SpanKind kind = SpanKind::internal);
  // The same with a name and attributes that never differ; `start`: where it began before.
  explicit Span(const SpanSite& site, SpanKind kind = SpanKind::internal);
  Span(const SpanSite& site, SpanKind kind, runtime::TimePoint start);
  ~Span() {
    if (tracer_ != nullptr) close();
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  bool recording() const noexcept { return tracer_ != nullptr; }

  void set(const LogField& attribute) noexcept {
    if (recording()) set_checked(attribute);
  }
  template <class Value>
  void set(std::string_view name, const Value& value) noexcept {
    if (recording()) set_checked(LogField(name, value));
  }
  // The same under a name that is known not to be sensitive, as those of the semantic conventions are: costs no look.
  void set_known(const AttributeName& name, std::string_view value) noexcept {
    if (recording()) record_.set(name, value);
  }
  void set_known(const AttributeName& name, std::int64_t value) noexcept {
    if (recording()) record_.set(name, value);
  }
  void event(std::string_view name, LogFields attributes = {}) noexcept;
  // Work of another trace that this belongs to as well: the messages of a batch.
  void link(const Context& other) noexcept {
    if (recording()) record_.link(other.trace_id, other.span_id);
  }

  // The status error, with error.type: a class of failures, of which there are few.
  void fail(std::string_view why, std::string_view type = "_OTHER") noexcept;
  void fail(const Error& error) noexcept;
  void fail(const std::exception_ptr& exception) noexcept;
  // An error that is no failure of this step, as it is its caller's: the status stays unset, also where the exception
  // leaves the scope, and mmf.error_code tells the code.
  void refuse(const Error& error) noexcept;

  // What follows on this fiber is not part of it any more; it goes on, and ends with its object: a stream.
  void leave() noexcept;
  void end(runtime::TimePoint time) noexcept;  // before its object does
  void end() noexcept;

 private:
  void open(SpanKind kind, runtime::TimePoint start) noexcept;
  void enter() noexcept;
  void set_checked(const LogField& attribute) noexcept;
  void fail_with_type(const std::exception_ptr& exception) noexcept;
  void note_correlation(const Context& context) noexcept;
  void leave_to(Span* inner) noexcept;
  void close() noexcept;

  Tracer* tracer_;              // null: not recorded, or ended
  Context* context_ = nullptr;  // that it is the current span of; null: it has left it
  const Logging* logging_;      // whose redaction counts
  Span* outer_ = nullptr;       // of the same context
  SpanId before_;
  int exceptions_ = 0;
  bool refused_ = false;       // an exception that leaves the scope is no failure
  bool took_context_ = false;  // the root here: its id is the context's own
  SpanRecord record_;
};

// What rpc.response.status_code says of a code: "OK", "DEADLINE_EXCEEDED".
std::string rpc_status_name(Code code);

// The innermost span that this fiber is in; null: none, or none that is recorded. A child fiber is in none of its
// parent's.
Span* current_span() noexcept;

// Sets an attribute of that span, where there is one.
template <class Value>
void annotate(std::string_view name, const Value& value) noexcept {
  if (Span* const span = current_span()) span->set(name, value);
}

}  // namespace marty::telemetry
