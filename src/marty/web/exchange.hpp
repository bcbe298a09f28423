// Exchange: one request on its way through the application – what filters and the adapters of typed handlers work with.
// Lives on the stack of App::handle; belongs to the fiber of the request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/http/message.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/web/caller.hpp"
#include "marty/web/dependencies.hpp"
#include "marty/web/router.hpp"

namespace marty::telemetry {
class Context;
class Span;
}  // namespace marty::telemetry

namespace marty::web {

struct ParameterInfo;
struct Route;
class Transcoder;

namespace internal {
struct ParsedForm;
}

// The objects that every request brings along for handlers and per-request factories.
enum class Ambient : std::uint32_t { request, response, caller, context, exchange, count };

class Exchange {
 public:
  Exchange(http::Request& request, http::Response& response, telemetry::Context& context,
           const Dependencies& dependencies);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  http::Request& request() noexcept { return request_; }
  const http::Request& request() const noexcept { return request_; }
  http::Response& response() noexcept { return response_; }
  telemetry::Context& context() noexcept { return context_; }
  // Null where no route took the request: then only edge filters run.
  const Route* route() const noexcept { return route_; }
  const RouteMatch& match() const noexcept { return match_; }
  // The path for spans, logs and pages: "[redacted]" stands for parameters with sensitive names, as in
  // "/password-reset/{token}". Views the request, or where it differs `buffer`.
  std::string_view redacted_path(std::string& buffer) const;

  const Caller& caller() const noexcept { return *static_cast<const Caller*>(ambient_[std::size_t(Ambient::caller)]); }
  // By an authentication filter. From then on its id is the user's in logs, spans and feature flags, too.
  void set_caller(Caller caller);

  // For the adapters.
  RequestScope& scope() noexcept { return scope_; }
  Problems& problems() noexcept { return problems_; }
  void throw_problems();  // Error(invalid_argument) with all of them, where there are any
  std::size_t max_body_bytes() const noexcept { return max_body_bytes_; }
  internal::ParsedForm& form();                                    // read on first use
  Transcoder* transcoder() const noexcept { return transcoder_; }  // null: parameters come from the request
  void set_transcoder(Transcoder* transcoder) noexcept { transcoder_ = transcoder; }

  // Puts the ids that a reply carries back into its head: once, by the application, or before the head goes out.
  void echo_ids();
  // The handler has succeeded, and so do the objects of the request: now, or where its reply is a stream, which may use
  // them, once the body was written.
  void settle();
  // The body of a reply that is a stream, within the request: http::write_stream(), with the ids. By the application,
  // when all filters have returned. Throws what the stream does, and what the objects of the request do.
  void write_stream();
  // Lives until the body of the reply was written: for filters that are to stand around it.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }
  http::BodyWriter& begin_response();  // Response::begin(), with the ids

  // What metrics and the access log call the outcome, where a protocol keeps it elsewhere than in the response's
  // status.
  int outcome() const noexcept { return outcome_ != 0 ? outcome_ : response_.status; }
  void set_outcome(int status) noexcept { outcome_ = status; }
  std::optional<Code> failure() const noexcept { return failure_; }  // of a request that ended in an error

 private:
  friend class App;
  void take_caller(Caller caller);
  http::Request& request_;
  http::Response& response_;
  telemetry::Context& context_;
  const Route* route_ = nullptr;
  RouteMatch match_;
  void* ambient_[std::size_t(Ambient::count)];
  std::size_t max_body_bytes_ = 0;
  Transcoder* transcoder_ = nullptr;
  int outcome_ = 0;
  std::optional<Code> failure_;
  std::optional<Code> service_failure_;  // the same, where the service is to blame
  telemetry::Span* span_ = nullptr;
  const Error* refusal_ = nullptr;  // why the server does not let it in; null: it does
  bool ids_echoed_ = false;
  bool settles_late_ = false;  // with the end of the body
  bool in_protocol_ = false;   // the route's protocol, if any, stands around what happens
  std::optional<Caller> caller_;
  std::unique_ptr<internal::ParsedForm> form_;
  Problems problems_;
  RequestScope scope_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace marty::web
