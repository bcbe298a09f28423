#include "marty/web/app.hpp"

#include <algorithm>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/config/configuration.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/redaction.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/telemetry/tracer.hpp"
#include "marty/web/internal/app_telemetry.hpp"
#include "marty/web/internal/binding.hpp"
#include "marty/web/internal/documentation.hpp"
#include "marty/web/internal/server_span.hpp"
#include "marty/web/multipart.hpp"
#include "marty/web/openapi.hpp"
#include "marty/web/problem.hpp"

namespace marty::web {
namespace {

constexpr Logger kLog("marty.web");

std::uint32_t index_of(Ambient ambient) { return std::uint32_t(ambient); }

// "get_api_v1_pets_by_id": stable, and unique because the pattern is.
std::string default_operation_id(http::Method method, const std::vector<PatternSegment>& segments) {
  std::string id;
  for (const char c : http::method_name(method)) id += char(c | 0x20);
  for (const PatternSegment& segment : segments) {
    id += segment.kind == PatternSegment::Kind::literal ? "_" : "_by_";
    for (const char c : segment.text)
      id += (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ? c : '_';
  }
  return id;
}

}  // namespace

App::App(AppOptions options) : options_(std::move(options)) {
  dependencies_.ambient<http::Request>(index_of(Ambient::request));
  dependencies_.ambient<http::Response>(index_of(Ambient::response));
  dependencies_.ambient<Caller>(index_of(Ambient::caller));
  dependencies_.ambient<telemetry::Context>(index_of(Ambient::context));
  dependencies_.ambient<Exchange>(index_of(Ambient::exchange));
  dependencies_.per_request([](http::Request& request) { return Multipart(request); });
}

App::~App() { stop(); }

RouteBuilder App::add(http::Method method, std::string_view pattern, std::unique_ptr<RouteHandler> handler,
                      std::string summary) {
  if (started_) throw Error(Code::failed_precondition, "routes are registered before the start, not after it");
  auto route = std::make_unique<Route>();
  route->method = method;
  route->pattern = pattern;
  route->summary = std::move(summary);
  route->handler = std::move(handler);
  route->index = std::uint32_t(routes_.size());
  const std::vector<PatternSegment> segments = parse_pattern(pattern);
  for (const PatternSegment& segment : segments) {
    if (segment.kind != PatternSegment::Kind::literal) route->parameter_names.push_back(segment.text);
  }
  if (route->summary.empty()) throw Error(Code::invalid_argument, "the route " + route->name() + " needs a summary");
  route->operation_id = default_operation_id(method, segments);
  internal::bind_parameters(*route);
  router_.add(method, pattern, route->index);
  methods_.insert(method);
  if (method == http::Method::get) methods_.insert(http::Method::head);
  return RouteBuilder(*routes_.emplace_back(std::move(route)));
}

void App::add_filter(Phase phase, std::string name, std::unique_ptr<Filter> filter) {
  if (started_) throw Error(Code::failed_precondition, "filters are added before the start, not after it");
  filter->phase = phase;
  filter->name = std::move(name);
  const auto place =
      std::find_if(filters_.begin(), filters_.end(), [&](const auto& other) { return other->phase > phase; });
  filters_.insert(place, std::move(filter));
  if (phase == Phase::edge) ++edge_filters_;
  if (phase <= Phase::authorization) ++authorized_at_;
}

void App::authentication(Authentication authentication) {
  if (started_) throw Error(Code::failed_precondition, "authentication is told before the start, not after it");
  check(authentication);
  for (const Authentication& other : options_.authentications) {
    if (other.name == authentication.name)
      throw Error(Code::already_exists, "there is an authentication " + other.name + " already: name this one");
  }
  options_.authentications.push_back(std::move(authentication));
}

void App::authorize_by(Authorizer authorizer) {
  if (started_) throw Error(Code::failed_precondition, "who authorizes is said before the start, not after it");
  if (!authorizer) throw Error(Code::invalid_argument, "authorize_by() needs a function that decides");
  if (authorizer_) throw Error(Code::already_exists, "authorize_by() was called already: one function decides");
  authorizer_ = std::move(authorizer);
}

Protocol& App::add_protocol(std::unique_ptr<Protocol> protocol) {
  if (started_) throw Error(Code::failed_precondition, "protocols are added before the start, not after it");
  if (find_protocol(protocol->name()) != nullptr)
    throw Error(Code::already_exists, "the application has the protocol " + std::string(protocol->name()) + " already");
  return *protocols_.emplace_back(std::move(protocol));
}

Protocol* App::find_protocol(std::string_view name) const noexcept {
  for (const auto& protocol : protocols_) {
    if (protocol->name() == name) return protocol.get();
  }
  return nullptr;
}

void App::require_route(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& route : routes_) names.push_back(name.starts_with('/') ? route->pattern : route->name());
  if (std::ranges::count(names, name) > 0) return;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = nearest(name, candidates);
  throw Error(Code::not_found,
              "there is no route " + std::string(name) + (near ? "; did you mean " + std::string(*near) + "?" : ""));
}

void App::set_sampling(std::string_view name, double ratio) {
  require_route(name);
  for (const auto& route : routes_) {
    if (name == (name.starts_with('/') ? route->pattern : route->name())) route->sampling = ratio;
  }
}

std::vector<std::string> App::filters() const {
  std::vector<std::string> names;
  for (const auto& filter : filters_) names.push_back(std::string(phase_name(filter->phase)) + ": " + filter->name);
  const bool protects = std::ranges::any_of(routes_, [](const auto& route) { return route->is_protected(); });
  if (protects) names.insert(names.begin() + std::ptrdiff_t(authorized_at_), "authorization: permissions");
  return names;
}

void App::start() {
  if (started_) throw Error(Code::failed_precondition, "the application is started already");
  for (const auto& protocol : protocols_) protocol->complete(*this);
  document();
  bind_routes();
  if (options_.telemetry && options_.metrics != nullptr) telemetry_ = std::make_unique<Telemetry>(options_, routes_);
  if (options_.telemetry && options_.tracer != nullptr) spans_ = std::make_unique<internal::ServerSpans>(routes_);
  started_ = true;
}

void App::document() {
  if (!options_.docs) return;
  if (!documentation_) {
    documentation_ = std::make_unique<internal::Documentation>();
    internal::add_documentation_routes(*this, *documentation_);
  }
  documentation_->set(openapi(options_, routes_));
}

void App::bind_routes() {
  for (const auto& route : routes_) {
    for (const TypeInfo* need : route->handler->needs) dependencies_.require(*need, route->name());
  }
  dependencies_.start();
  for (const auto& route : routes_) {
    route->has_sensitive_parameter = std::ranges::any_of(
        route->parameter_names, [&](const std::string& name) { return telemetry::hides(options_.logging, name); });
    route->handler->sources.clear();
    for (const TypeInfo* need : route->handler->needs) route->handler->sources.push_back(dependencies_.source(*need));
    route->handler->bound();
  }
}

const std::string& App::openapi_text() const noexcept {
  MARTY_CHECK(documentation_ != nullptr);
  return documentation_->text();
}

void App::stop() noexcept {
  started_ = false;
  dependencies_.stop();
}

void App::handle(http::Request& request, http::Response& response) { live(request, response, nullptr); }

void App::refuse(http::Request& request, http::Response& response, const Error& refusal) {
  live(request, response, &refusal);
}

// The whole life of a request.
void App::live(http::Request& request, http::Response& response, const Error* refusal) {
  MARTY_CHECK(started_);
  const runtime::TimePoint arrival = is_timed() ? runtime::coarse_now() : runtime::TimePoint();
  telemetry::Context context;
  context.logging = options_.logging;
  if (options_.configuration != nullptr) context.generation = options_.configuration->pin();
  if (options_.telemetry) {
    context.begin(request.headers, trusts_peer(request) ? telemetry::Peer::trusted : telemetry::Peer::untrusted);
    if (context.rejected != 0 && telemetry_) telemetry_->record_rejected(context.rejected);
  }
  const telemetry::ContextScope current(context);
  Exchange exchange(request, response, context, dependencies_);
  exchange.refusal_ = refusal;
  if (router_.match(request.method, request.path(), exchange.match_)) take_route(exchange);
  if (!spans_) return serve(exchange, arrival);
  options_.tracer->start(context, exchange.route_ != nullptr ? exchange.route_->sampling : std::nullopt);
  telemetry::Span span(spans_->site(exchange.route_, request), telemetry::SpanKind::server, arrival);
  internal::ServerSpans::begin(span, exchange);
  exchange.span_ = &span;
  serve(exchange, arrival);
}

std::string App::name_of(const http::Request& request) {
  RouteMatch match;
  if (!started_ || !router_.match(request.method, request.path(), match)) return std::string(request.method_text);
  return routes_[match.route]->name();
}

bool App::trusts_peer(const http::Request& request) const noexcept {
  return !options_.trusted_proxies.empty() && request.peer != nullptr &&
         runtime::contains(options_.trusted_proxies, *request.peer);
}

void App::serve(Exchange& exchange, runtime::TimePoint arrival) {
  const Telemetry::InFlight in_flight(telemetry_.get(), exchange.request_);

  // Edge filters, authentication, authorization, rate limit, resilience, user filters, the handler.
  advance(exchange, 0);
  // An edge filter that answers by itself – a preflight, say – has not seen what is wrong.
  if (exchange.refusal_ != nullptr && !exchange.failure_) report(exchange, std::make_exception_ptr(*exchange.refusal_));

  // Filters may still have changed its head.
  write_stream(exchange);

  // Last, so that the handler met an empty head.
  if (!exchange.response_.begun()) exchange.echo_ids();
  if (!is_timed()) return;
  const runtime::TimePoint end = runtime::now();
  if (telemetry_)
    telemetry_->of(exchange).record({exchange.outcome(), exchange.request_.secure, exchange.service_failure_},
                                    end - arrival);
  if (exchange.span_ != nullptr) {
    internal::ServerSpans::end(*exchange.span_, exchange);
    exchange.span_->end(end);
  }
  if (options_.access_log) log_access(exchange, end - arrival);
}

void App::write_stream(Exchange& exchange) const {
  try {
    exchange.write_stream();
  } catch (...) {
    report(exchange, std::current_exception());
  }
}

void App::take_route(Exchange& exchange) const {
  exchange.route_ = routes_[exchange.match_.route].get();
  exchange.max_body_bytes_ =
      exchange.route_->max_body_bytes != 0 ? exchange.route_->max_body_bytes : options_.max_body_bytes;
}

// Goes on from the filter of that number. Towards the edge filters, an exception has become a response.
void App::advance(Exchange& exchange, std::size_t filter) const {
  if (filter > edge_filters_) return respond(exchange, filter);
  try {
    respond(exchange, filter);
  } catch (...) {
    report(exchange, std::current_exception());
  }
}

void App::respond(Exchange& exchange, std::size_t filter) const {
  if (filter == edge_filters_ && !exchange.in_protocol_) return pass_protocol(exchange, filter);
  if (filter == authorized_at_ && exchange.route_->is_protected()) authorize(exchange, authorizer_);
  options_.trace_steps&& exchange.span_ != nullptr ? trace_step(exchange, filter) : step(exchange, filter);
}

void App::trace_step(Exchange& exchange, std::size_t filter) const {
  const bool is_handler = filter == filters_.size();
  telemetry::Span span(is_handler ? "handler " + exchange.route_->operation_id : "filter " + filters_[filter]->name);
  try {
    step(exchange, filter);
  } catch (...) {
    const Error error = as_error(std::current_exception());
    internal::is_failure_of_service(exchange.route_, error) ? span.fail(std::current_exception()) : span.refuse(error);
    throw;
  }
}

void App::step(Exchange& exchange, std::size_t filter) const {
  if (filter == filters_.size()) return exchange.route_->handler->invoke(exchange);
  filters_[filter]->run(exchange.request_, exchange.response_, Next(*this, exchange, filter + 1));
}

// Between the edge filters and the others.
void App::pass_protocol(Exchange& exchange, std::size_t filter) const {
  if (exchange.refusal_ != nullptr) throw *exchange.refusal_;
  if (exchange.route_ == nullptr) return refuse_unmatched(exchange);
  exchange.in_protocol_ = true;
  if (exchange.route_->protocol == nullptr) return respond(exchange, filter);
  exchange.route_->protocol->run(exchange, Next(*this, exchange, filter));
}

// 501: RFC 9110 section 9.1. "*" asks for the server as a whole: section 9.3.7.
void App::refuse_unmatched(Exchange& exchange) const {
  const std::string path(exchange.request_.path());
  if (exchange.request_.method == http::Method::other)
    throw Error(Code::unimplemented, "the method " + std::string(exchange.request_.method_text) + " is not known here");
  MethodSet allowed = path == "*" ? methods_ : exchange.match_.allowed;
  if (allowed.empty()) throw Error(Code::not_found, "there is nothing at " + path);
  allowed.insert(http::Method::options);
  exchange.response_.set_header("allow", allowed.to_string());
  exchange.response_.status = 204;
  if (exchange.request_.method == http::Method::options) return;
  throw Error(Code::invalid_argument,
              path + " has no " + std::string(exchange.request_.method_text) + ", but " + allowed.to_string())
      .with_http_status(405);
}

void App::report(Exchange& exchange, const std::exception_ptr& exception) const {
  const Error error = as_error(exception);
  exchange.set_outcome(error.http_status());
  exchange.failure_ = error.code();
  if (internal::is_failure_of_service(exchange.route_, error)) exchange.service_failure_ = error.code();
  if (exchange.span_ != nullptr) internal::ServerSpans::fail(*exchange.span_, exchange, error);
  write_error(exchange, error);
  if (error.http_status() == 401 && !exchange.response_.begun())
    challenge(exchange.response_, options_.authentications);
  if (telemetry_) telemetry_->of(exchange).record_error(error.code());
  if (error.http_status() < 500 || error.code() == Code::unimplemented) return;
  // In an overload a line for each refusal would be the next overload; the access log has them where it is on.
  if (exchange.refusal_ != nullptr && exchange.refusal_->http_status() == error.http_status()) return;
  const std::string name =
      exchange.route_ != nullptr ? exchange.route_->name() : std::string(exchange.request_.method_text);
  std::string path;
  kLog.error("request failed", exception,
             {{"route", name}, {"path", exchange.redacted_path(path)}, {"status", error.http_status()}});
}

void App::write_error(Exchange& exchange, const Error& error) const {
  if (exchange.route_ != nullptr && exchange.route_->protocol != nullptr)
    return exchange.route_->protocol->write_error(exchange, error);
  if (exchange.route_ == nullptr) {
    for (const auto& protocol : protocols_) {
      if (protocol->claims(exchange.request_)) return protocol->write_error(exchange, error);
    }
  }
  if (exchange.response_.begun()) return exchange.response_.fail();
  write_problem(exchange, error);
}

void App::log_access(Exchange& exchange, runtime::Duration duration) const {
  const http::Response& response = exchange.response_;
  std::string path;
  kLog.info("request",
            {{"method", exchange.request_.method_text},
             {"path", exchange.redacted_path(path)},
             {"route", exchange.route_ != nullptr ? std::string_view(exchange.route_->pattern) : std::string_view()},
             {"status", exchange.outcome()},
             {"bytes", response.body_bytes()},
             {"duration_ms", static_cast<double>(duration.count()) * 1e-6}});
}

void Next::operator()() const { app_.advance(exchange_, index_); }

std::string_view phase_name(Phase phase) noexcept {
  constexpr std::string_view kNames[] = {"edge", "authentication", "authorization", "rate_limit", "resilience", "user"};
  return kNames[std::size_t(phase)];
}

}  // namespace marty::web
