#include "marty/telemetry/context.hpp"

#include "marty/base/strings.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::telemetry {
namespace {

constexpr Logger kRuntimeLog("marty.runtime");

}  // namespace

void Context::reset() noexcept {
  trace_id = {};
  parent_span_id = {};
  sampled = true;
  sampling_decided = unranked = false;
  random_trace_id = true;
  in_span = span_taken = false;
  rejected = 0;
  tracer = nullptr;
  tracestate.clear();
  baggage.clear();
  for (Dimension* dimension : {&correlation_id, &request_id, &user_id, &session_id, &operation, &plugin_id})
    dimension->clear();
}

void Context::begin() noexcept { Inbound(*this, Peer::untrusted).finish(); }

// A child gets a copy: it may outlive the request, and its own with_correlation() must not show in its parent.
Context* Context::share() {
  auto* const copy = new Context(*this);
  copy->span_taken = true;  // the id that it began with is for a span of the original
  return copy;
}
void Context::release() noexcept { delete this; }

void Context::report_lost(std::string_view fiber, const std::exception_ptr& exception) noexcept {
  const ContextScope scope(*this);
  kRuntimeLog.error("a fiber ended with an exception that nobody received", exception, {{"fiber", fiber}});
}

void Inbound::take(std::string_view name, std::string_view value) {
  switch (name[0] | 0x20) {
    case 't':
      if (token_is(name, "traceparent")) {
        ++traceparents_;
        traceparent_ = parse_traceparent(value);
      } else if (token_is(name, "tracestate")) {
        tracestate_valid_ = tracestate_valid_ && append_tracestate(context_.tracestate, value);
      }
      break;
    case 'b':
      if (token_is(name, "baggage")) {
        if (!append_baggage(context_.baggage, value)) context_.reject(Rejection::baggage);
      } else if (token_is(name, "b3")) {
        b3_ = parse_b3(value);
        if (!b3_) context_.reject(Rejection::b3);
      }
      break;
    default:
      switch (name.size() > 2 ? name[2] | 0x20 : 0) {
        case 'b':
          return take_b3(name, value);
        case 'm':
        case 'c':
          return take_dimension(name, value);
      }
  }
}

void Inbound::take_b3(std::string_view name, std::string_view value) noexcept {
  if (token_is(name, "x-b3-traceid")) {
    b3_trace_id_ = parse_b3_trace_id(value).value_or(TraceId{});
    if (!b3_trace_id_.valid()) context_.reject(Rejection::b3);
  } else if (token_is(name, "x-b3-spanid")) {
    b3_span_id_ = parse_b3_span_id(value).value_or(SpanId{});
    if (!b3_span_id_.valid()) context_.reject(Rejection::b3);
  } else if (token_is(name, "x-b3-sampled")) {
    if (value == "0" || value == "1") b3_sampled_ = value == "1";
  } else if (token_is(name, "x-b3-flags")) {
    if (value == "1") b3_sampled_ = true;  // debug implies an accept decision
  }
}

void Inbound::take_id(Dimension& dimension, std::string_view value) noexcept {
  if (!dimension.assign(value) && !value.empty()) context_.reject(Rejection::id);
}

void Inbound::take_identity(Dimension& dimension, std::string_view value) noexcept {
  peer_ == Peer::trusted ? take_id(dimension, value) : context_.reject(Rejection::identity);
}

void Inbound::take_dimension(std::string_view name, std::string_view value) noexcept {
  if (token_is(name, "x-mmf-correlation-id")) {
    take_id(context_.correlation_id, value);
  } else if (token_is(name, "x-correlation-id")) {
    if (context_.correlation_id.empty()) take_id(context_.correlation_id, value);
  } else if (token_is(name, "x-mmf-request-id")) {
    take_id(context_.request_id, value);
  } else if (token_is(name, "x-mmf-operation-id")) {
    take_id(context_.operation, value);
  } else if (token_is(name, "x-mmf-plugin-id")) {
    take_id(context_.plugin_id, value);
  } else if (token_is(name, "x-mmf-user-id")) {
    take_identity(context_.user_id, value);
  } else if (token_is(name, "x-mmf-session-id")) {
    take_identity(context_.session_id, value);
  }
}

void Inbound::finish() noexcept {
  std::optional<RemoteSpan> remote;
  if (traceparents_ == 1) remote = traceparent_;  // more than one: none is to be believed
  const bool from_w3c = remote.has_value();
  if (traceparents_ > 0 && !from_w3c) context_.reject(Rejection::traceparent);
  if (!tracestate_valid_) context_.reject(Rejection::tracestate);
  if (!remote) remote = b3_;
  if (!remote && b3_trace_id_.valid() && b3_span_id_.valid()) {
    remote = RemoteSpan{b3_trace_id_, b3_span_id_, b3_sampled_.value_or(true), false};
  }
  if (!from_w3c || !tracestate_valid_) context_.tracestate.clear();

  if (remote && remote->trace_id.valid()) {
    context_.trace_id = remote->trace_id;
    context_.parent_span_id = remote->span_id;
    context_.random_trace_id = remote->random;
  } else {
    context_.trace_id = new_trace_id();
  }
  context_.sampled = remote ? remote->sampled : b3_sampled_.value_or(true);
  context_.sampling_decided = remote || b3_sampled_;
  context_.span_id = context_.begun_span_id = context_.local_root = new_span_id();
  context_.correlation_id_is_unique =
      context_.correlation_id.empty() && context_.request_id.empty() && !context_.parent_span_id.valid();
  context_.owns_correlation_id = context_.correlation_id.empty();
  context_.owns_request_id = context_.request_id.empty();
  if (context_.owns_correlation_id) context_.correlation_id.assign(context_.trace_id);
  if (context_.owns_request_id) context_.request_id.assign(TraceId{context_.span_id.value, context_.trace_id.low});
}

const Context& current() noexcept {
  static const Context none;
  const runtime::Ambient* ambient = runtime::ambient();
  return ambient != nullptr ? *static_cast<const Context*>(ambient) : none;  // nothing else derives from Ambient
}

void set_user(std::string_view user) noexcept {
  auto* context = static_cast<Context*>(runtime::ambient());  // nothing else derives from Ambient
  for (; context != nullptr; context = context->outer_.pointer) context->user_id.assign_cleaned(user);
}

CorrelationScope::CorrelationScope(const Correlation& correlation) : context_(current()) {
  context_.span_taken = true;  // as in share()
  if (!context_.trace_id.valid()) context_.begin();
  const auto set = [](Dimension& dimension, const std::optional<std::string_view>& value) {
    if (value) dimension.assign_cleaned(*value);
  };
  context_.owns_correlation_id &= !correlation.correlation_id;
  context_.owns_request_id &= !correlation.request_id;
  set(context_.correlation_id, correlation.correlation_id);
  set(context_.request_id, correlation.request_id);
  set(context_.user_id, correlation.user_id);
  set(context_.session_id, correlation.session_id);
  set(context_.operation, correlation.operation);
  set(context_.plugin_id, correlation.plugin_id);
  before_ = runtime::exchange_ambient(&context_);
  context_.outer_.pointer = static_cast<Context*>(before_);
}

CorrelationScope::~CorrelationScope() { runtime::exchange_ambient(before_); }

}  // namespace marty::telemetry
