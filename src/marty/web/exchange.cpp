#include "marty/web/exchange.hpp"

#include "marty/telemetry/context.hpp"
#include "marty/telemetry/redaction.hpp"
#include "marty/tls/tls.hpp"
#include "marty/web/internal/form.hpp"
#include "marty/web/route.hpp"

namespace marty::web {
namespace {
const Caller kAnonymous;

Caller caller_of(const std::shared_ptr<const tls::Identity>& certificate) {
  Caller caller;
  caller.id = certificate->spiffe_id.empty() ? certificate->subject : certificate->spiffe_id;
  caller.certificate = certificate;
  return caller;
}
}  // namespace

Exchange::Exchange(http::Request& request, http::Response& response, telemetry::Context& context,
                   const Dependencies& dependencies)
    : request_(request), response_(response), context_(context), scope_(dependencies, ambient_) {
  ambient_[std::size_t(Ambient::request)] = &request;
  ambient_[std::size_t(Ambient::response)] = &response;
  ambient_[std::size_t(Ambient::caller)] = const_cast<Caller*>(&kAnonymous);  // handlers get it as const Caller&
  ambient_[std::size_t(Ambient::context)] = &context;
  ambient_[std::size_t(Ambient::exchange)] = this;
  if (request.client == nullptr) return;
  const bool has_user = !context.user_id.empty();  // named by a proxy that is trusted, which is not the user itself
  has_user ? take_caller(caller_of(request.client)) : set_caller(caller_of(request.client));
}

Exchange::~Exchange() = default;

void Exchange::set_caller(Caller caller) {
  take_caller(std::move(caller));
  context_.user_id.assign_cleaned(caller_->id);  // also where a child fiber of the request says it
  telemetry::set_user(caller_->id);
}

void Exchange::take_caller(Caller caller) {
  caller_ = std::move(caller);
  ambient_[std::size_t(Ambient::caller)] = &*caller_;
}

std::string_view Exchange::redacted_path(std::string& buffer) const {
  std::string_view rest = request_.path();
  if (route_ == nullptr || !route_->has_sensitive_parameter) return rest;
  buffer.clear();
  for (std::uint32_t i = 0; i < match_.parameter_count; ++i) {
    const std::string_view value = match_.parameter(i);
    if (value.empty() || !telemetry::hides(context_.logging, route_->parameter_names[i])) continue;
    const auto before = static_cast<std::size_t>(value.data() - rest.data());
    buffer.append(rest.substr(0, before)).append(telemetry::kRedacted);
    rest.remove_prefix(before + value.size());
  }
  return buffer.append(rest);
}

void Exchange::throw_problems() {
  if (!problems_.empty()) throw Error::invalid(problems_.take());
}

// Printable by construction: what came in as an id was checked.
void Exchange::echo_ids() {
  if (std::exchange(ids_echoed_, true) || !context_.trace_id.valid()) return;  // telemetry is off
  context_.echo([&](std::string_view name, std::string_view value) { response_.add_header_unchecked(name, value); });
}

http::BodyWriter& Exchange::begin_response() {
  if (!response_.begun()) echo_ids();
  return response_.begin();
}

void Exchange::settle() {
  if (response_.stream() != nullptr) {
    settles_late_ = true;
  } else {
    scope_.succeed();
  }
}

// What the objects of the request throw in the end comes before the end of the body: the client sees that it is not
// complete.
void Exchange::write_stream() {
  if (response_.stream() != nullptr) {
    echo_ids();
    http::write_stream(request_, response_);
  }
  if (std::exchange(settles_late_, false) && !failure_) scope_.succeed();
}

internal::ParsedForm& Exchange::form() {
  if (!form_) form_ = std::make_unique<internal::ParsedForm>(internal::read_form(request_, max_body_bytes_));
  return *form_;
}

}  // namespace marty::web
