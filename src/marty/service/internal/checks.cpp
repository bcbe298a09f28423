// What a start finds out before it opens a socket, by what the start itself uses: so that `config validate`, and a
// reload that asks for a restart, refuse in the same words what would not start. Nothing here changes anything.
#include "marty/base/error.hpp"
#include "marty/service/internal/state.hpp"
#include "marty/telemetry/log_file.hpp"

namespace marty {
namespace {

// What `use` throws is wrong with the setting. `origin`: where that stands, if not where the setting does.
template <class Use>
void try_out(config::Tree& tree, std::string_view key, const Use& use, std::string_view origin = {}) {
  try {
    use();
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    tree.report(key, "cannot be used: " + error.message(), origin);
  }
}

bool is_any(const runtime::Address& address) {
  return address == runtime::Address::ip("0.0.0.0", 0) || address == runtime::Address::ip("::", 0);
}

// Whether servers on these addresses could not have the same port.
bool overlap(const std::string& host, const std::string& other) {
  const auto left = runtime::Address::ip(host, 0), right = runtime::Address::ip(other, 0);
  return left == right || is_any(left) || is_any(right);
}

}  // namespace

void Service::State::declare_checks() {
  const auto telemetry = configuration.section<service::TelemetrySection>("telemetry");
  configuration.check({"telemetry"}, [this, telemetry](config::Generation& bound) {
    check_telemetry(bound.tree, telemetry.in(bound));
  });
  if (options.log_sink == nullptr) {
    const auto logging_of = configuration.section<service::LoggingSection>("logging");
    configuration.check({"logging"}, [this, logging_of](config::Generation& bound) {
      const service::LoggingSection& section = logging_of.in(bound);
      if (section.output != service::LogTarget::file) return;
      try_out(bound.tree, "logging.file.path", [&] { telemetry::LogFile::check(path_of(*section.file.path)); });
    });
  }
  if (database_plan) {
    const auto database_of = configuration.section<service::DatabaseSection>("database");
    configuration.check(
        {"database"}, [this, database_of](config::Generation& bound) { check_database(bound, database_of.in(bound)); });
  }
  if (!options.listen) return;
  const auto server_of = configuration.section<service::ServerSection>("server");
  const auto admin_of = configuration.section<service::AdminSection>("admin");
  configuration.check({"server", "admin"}, [this, server_of, admin_of](config::Generation& bound) {
    check_ports(bound.tree, server_of.in(bound), admin_of.in(bound));
  });
  const auto tls_of = configuration.section<service::TlsSection>("security.tls");
  configuration.check({"security.tls"}, [this, tls_of](config::Generation& bound) {
    const service::TlsSection& section = tls_of.in(bound);
    if (!section.enabled()) return;
    try_out(bound.tree, "security.tls.certificate", [&] { tls::ServerContext(tls_options(section)); });
  });
}

void Service::State::check_ports(config::Tree& tree, const service::ServerSection& ports,
                                 const service::AdminSection& pages) const {
  if (ports.has_grpc_port() && app.find_protocol("grpc") == nullptr)
    tree.report("server.grpc_port", "is set, and this service has no gRPC: leave it out");
  if (!pages.is_enabled(tree.environment()) || pages.port == 0 || !overlap(ports.host, pages.host)) return;
  const bool is_http = pages.port == ports.http_port;
  if (is_http || pages.port == ports.grpc_port)
    tree.report("admin.port", std::string("is that of server.") + (is_http ? "http_port" : "grpc_port") +
                                  ", too: give the pages another one, or 0 for any that is free");
}

void Service::State::check_telemetry(config::Tree& tree, const service::TelemetrySection& section) const {
  for (std::size_t i = 0; i < section.tracing.routes.size(); ++i) {
    try_out(tree, "telemetry.tracing.routes[" + std::to_string(i) + "].route",
            [&] { app.require_route(section.tracing.routes[i].route); });
  }
  for (std::size_t i = 0; section.slos && i < section.slos->size(); ++i) {
    const std::string& route = (*section.slos)[i].route;
    if (!route.empty())
      try_out(tree, "telemetry.slos[" + std::to_string(i) + "].route", [&] { app.require_route(route); });
  }
  try_out(tree, section.otlp.endpoint ? "telemetry.otlp.endpoint" : "telemetry.otlp", [&] {
    const auto exporter_options = otlp::exporter_options(section.otlp, options.variables);
    if (section.enabled && exporter_options) otlp::Exporter::check(*exporter_options);
  });
}

// Whether the database is there, and what its tables are like, only its connections tell.
void Service::State::check_database(config::Generation& bound, const service::DatabaseSection& section) const {
  try_out(
      bound.tree, "database.migrations", [&] { read_migrations(section); },
      section.migrations ? "" : path_of("migrations"));
  try_out(bound.tree, "database." + database_plan->name, [&] { database_plan->make_driver(bound)->check(); });
}

}  // namespace marty
