// App: the web application – routes, dependencies, filters, documentation – as an http::Handler. It knows no sockets:
// an http::Server serves it, a test calls handle() directly.
//
//   web::App app({.title = "Petstore", .version = "1.0.0"});
//   app.provide([](Database& database) { return Pets(database); });
//   app.post("/api/v1/pets", add_pet, "Add a pet").tag("pets").response(409, "the name is taken");
//   app.get("/api/v1/pets/{id}", get_pet, "Get one pet");
//   app.start();                                    // checks everything, builds the dependencies and the documentation
//   http::Server server(app, {...});
//
// Registration is one thread's business; between start() and stop() handle() may run on any number of fibers and loops.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"
#include "marty/runtime/address_block.hpp"
#include "marty/web/authentication.hpp"
#include "marty/web/authorization.hpp"
#include "marty/web/dependencies.hpp"
#include "marty/web/filter.hpp"
#include "marty/web/handler.hpp"
#include "marty/web/protocol.hpp"
#include "marty/web/route.hpp"
#include "marty/web/router.hpp"

namespace marty::telemetry {
class Logging;
class Metrics;
class Tracer;
}  // namespace marty::telemetry

namespace marty::config {
class Configuration;
}

namespace marty::web {

namespace internal {
class Documentation;
class ServerSpans;
}  // namespace internal

struct ApiServer {
  std::string url;
  std::string description;
};

struct ApiTag {
  std::string name;
  std::string description;
};
struct ApiLicense {
  std::string name;
  std::string url;
};

struct AppOptions {
  std::string title = "Marty service";  // of the documentation
  std::string version = "0.1.0";
  std::string description;         // CommonMark
  std::vector<ApiServer> servers;  // none: the one that serves the document
  std::vector<ApiTag> tags;        // what the tags of the routes stand for
  ApiLicense license;
  std::vector<Authentication> authentications;  // App::authentication()
  std::string service = "marty";                // the label of the metrics

  bool docs = true;  // serves /openapi.json, and /docs, /docs/redoc, /docs/stoplight where these are built in

  bool telemetry = true;                  // trace and correlation context, echoed ids, metrics
  telemetry::Metrics* metrics = nullptr;  // null: counts nothing; must outlive the app
  telemetry::Logging* logging = nullptr;  // null: stderr; must outlive the app
  telemetry::Tracer* tracer = nullptr;    // null: no spans; must outlive the app
  bool trace_steps = false;               // a span for each filter and the handler, within that of the request
  const config::Configuration* configuration =
      nullptr;  // started; each request sees one generation; must outlive the app
  std::vector<runtime::AddressBlock> trusted_proxies;  // whose user and session headers are believed
  bool access_log = false;

  std::size_t max_body_bytes = 1 << 20;  // of a body that a typed handler reads; max_body() per route
};

class App final : public http::Handler {
 public:
  explicit App(AppOptions options = {});
  ~App() override;
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Each throws Error: invalid_argument where pattern and parameters do not fit together, already_exists where the
  // route is taken.
  template <class Function>
  RouteBuilder get(std::string_view pattern, Function handler, std::string summary) {
    return add(http::Method::get, pattern, make_handler(std::move(handler)), std::move(summary));
  }
  template <class Function>
  RouteBuilder post(std::string_view pattern, Function handler, std::string summary) {
    return add(http::Method::post, pattern, make_handler(std::move(handler)), std::move(summary));
  }
  template <class Function>
  RouteBuilder put(std::string_view pattern, Function handler, std::string summary) {
    return add(http::Method::put, pattern, make_handler(std::move(handler)), std::move(summary));
  }
  template <class Function>
  RouteBuilder patch(std::string_view pattern, Function handler, std::string summary) {
    return add(http::Method::patch, pattern, make_handler(std::move(handler)), std::move(summary));
  }
  template <class Function>
  RouteBuilder del(std::string_view pattern, Function handler, std::string summary) {
    return add(http::Method::del, pattern, make_handler(std::move(handler)), std::move(summary));
  }
  RouteBuilder add(http::Method method, std::string_view pattern, std::unique_ptr<RouteHandler> handler,
                   std::string summary);

  // Dependencies: see dependencies.hpp.
  Dependencies& dependencies() noexcept { return dependencies_; }
  template <Callable Factory>
  void provide(Factory factory) {
    dependencies_.provide(std::move(factory));
  }

  // A filter void(http::Request&, http::Response&, Next).
  template <class Function>
  void filter(std::string name, Function function) {
    filter(Phase::user, std::move(name), std::move(function));
  }
  template <class Function>
  void filter(Phase phase, std::string name, Function function) {
    add_filter(phase, std::move(name), std::make_unique<internal::FunctionFilter<Function>>(std::move(function)));
  }

  // Tells how callers prove who they are, one of several ways: see authentication.hpp. Throws Error: invalid_argument,
  // already_exists where there is one of that name.
  void authentication(Authentication authentication);

  // Decides in place of Caller::may() whether callers have the permissions that routes require: see authorization.hpp.
  // Throws Error: invalid_argument for an empty function, already_exists where there is one.
  void authorize_by(Authorizer authorizer);

  // What else it speaks: see protocol.hpp. Throws already_exists where there is one of that name.
  Protocol& add_protocol(std::unique_ptr<Protocol> protocol);
  Protocol* find_protocol(std::string_view name) const noexcept;  // null: not there

  // Throws not_found where no route has that name: its pattern, or "GET /pets".
  void require_route(std::string_view name) const;
  // RouteBuilder::sampling() by the name of a route. Throws as require_route() does.
  void set_sampling(std::string_view route, double ratio);

  // Completes and checks: dependencies exist, documentation can be written. Throws Error.
  void start();
  void stop() noexcept;
  bool started() const noexcept { return started_; }

  void handle(http::Request& request, http::Response& response) override;
  // What the server does not let in goes the same way as far as the edge filters: it is a reply like every other, with
  // ids and the headers of those filters, in the log, the metrics and the spans – of its route, where its target was
  // read and has one.
  void refuse(http::Request& request, http::Response& response, const Error& refusal) override;
  std::string name_of(const http::Request& request) override;  // its route: "GET /pets/{id}"

  const std::vector<std::unique_ptr<Route>>& routes() const noexcept { return routes_; }
  // "authentication: tokens", in order; with the built-in step "authorization: permissions" where a route is protected.
  std::vector<std::string> filters() const;
  const AppOptions& options() const noexcept { return options_; }
  AppOptions& options() noexcept { return options_; }  // before start()
  // The OpenAPI 3.1 document, as /openapi.json gives it. REQUIRES start(), and options().docs.
  const std::string& openapi_text() const noexcept;

 private:
  friend class Next;
  class Telemetry;

  void add_filter(Phase phase, std::string name, std::unique_ptr<Filter> filter);
  bool trusts_peer(const http::Request& request) const noexcept;
  bool is_timed() const noexcept { return telemetry_ || spans_ || options_.access_log; }
  void live(http::Request& request, http::Response& response, const Error* refusal);
  void serve(Exchange& exchange, runtime::TimePoint arrival);
  void write_stream(Exchange& exchange) const;
  void advance(Exchange& exchange, std::size_t filter) const;
  void pass_protocol(Exchange& exchange, std::size_t filter) const;
  void respond(Exchange& exchange, std::size_t filter) const;
  void step(Exchange& exchange, std::size_t filter) const;
  void trace_step(Exchange& exchange, std::size_t filter) const;
  void take_route(Exchange& exchange) const;
  void refuse_unmatched(Exchange& exchange) const;
  void report(Exchange& exchange, const std::exception_ptr& exception) const;
  void write_error(Exchange& exchange, const Error& error) const;
  void log_access(Exchange& exchange, runtime::Duration duration) const;
  void document();
  void bind_routes();

  AppOptions options_;
  Dependencies dependencies_;
  Router router_;
  MethodSet methods_;  // of all routes together
  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<std::unique_ptr<Protocol>> protocols_;
  std::vector<std::unique_ptr<Filter>> filters_;  // by phase
  std::size_t edge_filters_ = 0;
  std::size_t authorized_at_ = 0;  // how many filters stand before authorization
  Authorizer authorizer_;          // empty: Caller::may()
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<internal::ServerSpans> spans_;            // null: no tracer
  std::unique_ptr<internal::Documentation> documentation_;  // null: options().docs is off
  bool started_ = false;
};

}  // namespace marty::web
