// Admin: pages about a running service, for whoever develops or operates it: its configuration and where each value
// comes from, routes, live requests, the last failed and slow traces with their spans and log lines, log levels, loops,
// fibers and pools. HTML that needs no script; the same as JSON with ?format=json, or where a client prefers it.
//
//   Admin admin({.name = "petstore", .app = app, ...});
//   http::Server server(admin.handler(), {.address = runtime::Address::ip("127.0.0.1", 0)});
//
// There is no authentication: it belongs on loopback, or behind something that asks who comes. Against pages of other
// sites in a browser on the same machine: a Host has to be an IP address or localhost (DNS rebinding needs a name), a
// request that changes something has to come from these pages (Origin, Sec-Fetch-Site), nothing may be framed, and no
// script runs (Content-Security-Policy). Anything else is 403.
#pragma once

#include <memory>
#include <string>

#include "marty/admin/live_requests.hpp"
#include "marty/admin/log_lines.hpp"
#include "marty/admin/traces.hpp"
#include "marty/config/configuration.hpp"
#include "marty/health/health.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/web/app.hpp"

namespace marty::admin {

// What the pages are about. All of it must outlive them.
struct Subject {
  std::string name;
  std::string version;
  std::string environment;
  const web::App& app;  // started
  const health::Health& health;
  const config::Configuration& configuration;  // started
  const telemetry::Metrics& metrics;
  telemetry::Logging& logging;
  const Traces& traces;
  const LogLines& lines;
  LiveRequests& requests;
};

class Admin {
 public:
  explicit Admin(Subject subject);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  http::Handler& handler() noexcept { return app_; }

 private:
  void add_pages();

  const Subject subject_;
  const Timestamp since_;
  web::App app_;
};

}  // namespace marty::admin
