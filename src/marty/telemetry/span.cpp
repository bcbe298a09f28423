#include "marty/telemetry/span.hpp"

#include <typeinfo>
#include <utility>

#include "marty/base/stack.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/telemetry/redaction.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty::telemetry {
namespace {

// The current context, to be changed; null: none, or one whose spans are not recorded.
Context* recorded_context() noexcept {
  auto* const context = static_cast<Context*>(runtime::ambient());  // nothing else derives from Ambient
  return context != nullptr && context->tracer != nullptr ? context : nullptr;
}

}  // namespace

Span::Span(std::string_view name, LogFields attributes, SpanKind kind) : context_(recorded_context()) {
  tracer_ = context_ != nullptr ? context_->tracer : nullptr;
  if (tracer_ == nullptr) return;
  record_.site = nullptr;
  record_.set_name(name);
  open(kind, runtime::now());
  for (const LogField& attribute : attributes) set_checked(attribute);
}

Span::Span(const SpanSite& site, SpanKind kind, runtime::TimePoint start) : context_(recorded_context()) {
  tracer_ = context_ != nullptr ? context_->tracer : nullptr;
  if (tracer_ == nullptr) return;
  record_.site = &site;
  record_.size = record_.name_size = 0;
  open(kind, start);
}

Span::Span(const SpanSite& site, SpanKind kind) : context_(recorded_context()) {
  tracer_ = context_ != nullptr ? context_->tracer : nullptr;
  if (tracer_ == nullptr) return;
  record_.site = &site;
  record_.size = record_.name_size = 0;
  open(kind, runtime::now());
}

void Span::open(SpanKind kind, runtime::TimePoint start) noexcept {
  record_.trace_id = context_->trace_id;
  record_.start = start.time_since_epoch().count();
  record_.kind = kind;
  record_.status = SpanStatus::unset;
  record_.dropped = 0;
  record_.sampled = context_->sampled;
  record_.random = context_->random_trace_id;
  record_.unranked = context_->unranked;
  record_.has_message = false;
  exceptions_ = std::uncaught_exceptions();
  logging_ = context_->logging;
  enter();
}

// The first span of a context has the id that the context began with, later ones beside it are new children of the same
// caller; within a span they are its children.
void Span::enter() noexcept {
  Context& context = *context_;
  outer_ = std::exchange(context.innermost_.pointer, this);
  before_ = context.span_id;
  took_context_ = !context.in_span;
  record_.remote_parent = took_context_ && context.parent_span_id.valid();
  if (took_context_) {
    if (context.span_taken) context.span_id = new_span_id();
    record_.parent_span_id = context.parent_span_id;
    context.local_root = context.span_id;
    context.in_span = context.span_taken = true;
  } else {
    record_.parent_span_id = before_;
    context.span_id = new_span_id();
  }
  record_.span_id = context.span_id;
  record_.local_root = context.local_root;
}

void Span::event(std::string_view name, LogFields attributes) noexcept {
  if (!recording()) return;
  const std::int64_t now = runtime::now().time_since_epoch().count() + tracer_->epoch();
  record_.event(name, attributes, static_cast<std::uint64_t>(now), logging_);
}

void Span::set_checked(const LogField& attribute) noexcept {
  hides(logging_, attribute.name()) ? record_.set(LogField(attribute.name(), kRedacted)) : record_.set(attribute);
}

void Span::fail(std::string_view why, std::string_view type) noexcept {
  if (!recording()) return;
  if (record_.status != SpanStatus::error) record_.set("error.type", type);
  record_.fail(why);
}

void Span::fail(const Error& error) noexcept { fail(error.message(), code_info(error.code()).name); }

void Span::fail(const std::exception_ptr& exception) noexcept {
  if (!recording()) return;
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    fail(error);
  } catch (...) {
    fail_with_type(exception);
  }
}

void Span::fail_with_type(const std::exception_ptr& exception) noexcept {
  try {
    fail(describe(exception), demangle(exception.__cxa_exception_type()->name()));
  } catch (...) {
    fail("no memory to tell what it was");
  }
}

void Span::refuse(const Error& error) noexcept {
  refused_ = true;
  set_known("mmf.error_code", code_info(error.code()).name);
}

void Span::leave() noexcept {
  if (!recording() || context_ == nullptr) return;
  note_correlation(*context_);
  if (Span*& innermost = context_->innermost_.pointer; innermost == this) {
    innermost = outer_;
    context_->span_id = before_;
    if (took_context_) context_->in_span = false;
  } else {
    leave_to(innermost);
  }
  context_ = nullptr;
}

// One that began within this one goes on: what was before this one comes back after that.
void Span::leave_to(Span* inner) noexcept {
  while (inner != nullptr && inner->outer_ != this) inner = inner->outer_;
  if (inner == nullptr) return;
  inner->outer_ = outer_;
  inner->before_ = before_;
  inner->took_context_ = took_context_;
}

// All that says whose work this was. Ids that were made here are told by a bit.
void Span::note_correlation(const Context& context) noexcept {
  record_.own_correlation = context.owns_correlation_id;
  record_.own_request = context.owns_request_id && context.local_root == context.begun_span_id;
  const auto note = [this](const AttributeName& name, std::string_view value) {
    if (!value.empty()) record_.set(name, value);
  };
  if (!record_.own_correlation) note("mmf.correlation_id", context.correlation_id);
  if (!record_.own_request) note("mmf.request_id", context.request_id);
  note("mmf.user_id", context.user_id);
  note("mmf.session_id", context.session_id);
  note("mmf.operation_id", context.operation);
  note("mmf.plugin_id", context.plugin_id);
  if (!context.tracestate.empty()) record_.set_trace_state(context.tracestate);
}

void Span::end() noexcept {
  if (recording()) end(runtime::now());
}

void Span::end(runtime::TimePoint time) noexcept {
  if (!recording()) return;
  leave();
  record_.end = time.time_since_epoch().count();
  tracer_->finish(record_);
  tracer_ = nullptr;
}

void Span::close() noexcept {
  if (!refused_ && std::uncaught_exceptions() > exceptions_ && record_.status == SpanStatus::unset)
    fail("left by an exception");
  end(runtime::now());
}

Span* current_span() noexcept {
  const auto* context = static_cast<const Context*>(runtime::ambient());  // nothing else derives from Ambient
  while (context != nullptr && context->innermost_.pointer == nullptr) context = context->outer_.pointer;
  return context != nullptr ? context->innermost_.pointer : nullptr;
}

std::string rpc_status_name(Code code) {
  std::string name(code_info(code).name);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace marty::telemetry
