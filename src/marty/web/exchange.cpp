#include "marty/web/exchange.hpp"

#include "marty/telemetry/context.hpp"
#include "marty/web/internal/form.hpp"

namespace marty::web {
namespace {
const Caller kAnonymous;
}

Exchange::Exchange(http::Request& request, http::Response& response, telemetry::Context& context,
                   const Dependencies& dependencies)
    : request_(request), response_(response), context_(context), scope_(dependencies, ambient_) {
  ambient_[std::size_t(Ambient::request)] = &request;
  ambient_[std::size_t(Ambient::response)] = &response;
  ambient_[std::size_t(Ambient::caller)] = const_cast<Caller*>(&kAnonymous);  // handlers get it as const Caller&
  ambient_[std::size_t(Ambient::context)] = &context;
  ambient_[std::size_t(Ambient::exchange)] = this;
}

Exchange::~Exchange() = default;

void Exchange::set_caller(Caller caller) {
  caller_ = std::move(caller);
  ambient_[std::size_t(Ambient::caller)] = &*caller_;
}

void Exchange::throw_problems() {
  if (!problems_.empty()) throw Error::invalid(problems_.take());
}

internal::ParsedForm& Exchange::form() {
  if (!form_) form_ = std::make_unique<internal::ParsedForm>(internal::read_form(request_, max_body_bytes_));
  return *form_;
}

}  // namespace marty::web
