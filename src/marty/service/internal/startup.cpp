// The steps of Service::start().
#include <filesystem>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/service/internal/log.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

constexpr runtime::Duration kCutTime = std::chrono::seconds(1);  // for requests that a stop has cancelled

// "server.http_port": MARTY_SERVER__HTTP_PORT.
std::string variable_of(std::string_view key) {
  std::string name = "MARTY_";
  for (const char c : key) {
    if (c == '.')
      name += "__";
    else
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

}  // namespace

std::string Service::State::path_of(const std::string& relative) const {
  return (std::filesystem::path(options.directory) / relative).lexically_normal().string();
}

bool Service::State::migrates_on_start() const {
  return database_section.migrate_on_start.value_or(environment == "development" || environment == "testing");
}

std::vector<data::Migration> Service::State::read_migrations(const service::DatabaseSection& section) const {
  const std::string folder = path_of(section.migrations.value_or("migrations"));
  if (!section.migrations && !std::filesystem::is_directory(folder)) return {};
  return data::migration_files(folder);
}

// Connects with the first statement.
void Service::State::make_database() {
  database =
      std::make_unique<Database>(database_plan->make_driver(configuration.current()), database_section.pool, &metrics);
}

void Service::State::open_database() {
  make_database();
  database->check();
}

void Service::State::prepare_tables() {
  data::Migrations steps(*database, read_migrations(database_section));
  if (migrates_on_start()) {
    for (const data::MigrationStep& step : steps.up()) {
      service::kLog.info("migrated the database", {{"migration", std::to_string(step.version) + "_" + step.name}});
    }
    return;
  }
  const std::vector<data::MigrationStep> missing = steps.plan(steps.newest());
  if (missing.empty()) return;
  throw Error(Code::failed_precondition, "migration " + std::to_string(missing[0].version) + "_" + missing[0].name +
                                             " is not applied: run " + name +
                                             " migrate up, or set database.migrate_on_start: true");
}

// REQUIRES that TLS is enabled.
tls::ServerOptions Service::State::tls_options(const service::TlsSection& section) const {
  tls::ServerOptions result{.client_certificates = section.client_certificates, .alpn = {"h2", "http/1.1"}};
  result.certificates.push_back({path_of(*section.certificate), path_of(*section.key)});
  for (const service::CertificateSection& more : section.certificates)
    result.certificates.push_back({path_of(more.certificate), path_of(more.key)});
  if (section.client_ca) result.client_ca = path_of(*section.client_ca);
  return result;
}

void Service::State::load_certificates() {
  certificates = std::make_unique<service::Certificates>(tls_options(tls_section), tls_section.reload_interval);
  certificates->start();
}

http::ServerOptions Service::State::server_options(int port) const {
  const service::ServerSection& section = server_section;
  http::ServerOptions result;
  result.address = runtime::Address::ip(section.host, static_cast<std::uint16_t>(port));
  result.tls = certificates != nullptr ? &certificates->context() : nullptr;
  result.logging = logging.get();
  http::ServerLimits& limits = result.limits;
  limits.connections = static_cast<std::size_t>(section.max_connections);
  limits.in_flight = static_cast<std::size_t>(section.max_in_flight);
  limits.body_bytes = static_cast<std::size_t>(section.max_body.bytes());
  limits.header_timeout = section.header_timeout;
  limits.body_timeout = section.body_timeout;
  limits.body_rate_bytes = static_cast<std::size_t>(section.body_rate.bytes());
  limits.write_timeout = section.write_timeout;
  limits.idle_timeout = section.idle_timeout;
  limits.http2_streams = static_cast<std::size_t>(section.max_streams);
  return result;
}

// Ours only once it serves: one that could not start goes here, within the world.
std::unique_ptr<http::Server> Service::State::start_server(http::Handler& handler,
                                                           const http::ServerOptions& server_options,
                                                           std::string_view key) {
  auto starting = std::make_unique<http::Server>(handler, server_options);
  try {
    starting->start();
  } catch (const Error& error) {
    if (error.code() != Code::already_exists) throw;
    throw Error(Code::already_exists, error.message() + ": " + std::string(key) + " or " + variable_of(key));
  }
  return starting;
}

void Service::State::start_servers() {
  const int http_port = server_section.http_port;
  if (!server_section.has_grpc_port()) {
    server = start_server(app, server_options(http_port), "server.http_port");
    return;
  }
  http_only = std::make_unique<service::PortHandler>(app, service::PortHandler::Serves::all_but_grpc);
  grpc_only = std::make_unique<service::PortHandler>(app, service::PortHandler::Serves::grpc);
  auto starting = start_server(*http_only, server_options(http_port), "server.http_port");
  http::ServerOptions grpc_options = server_options(*server_section.grpc_port);
  grpc_options.http1 = false;
  grpc_server = start_server(*grpc_only, grpc_options, "server.grpc_port");  // where it cannot, neither serves
  server = std::move(starting);
}

// Until the servers drain: they take their parts away then.
void Service::State::observe_servers() {
  const auto observe = [this](const http::Server& which, std::string_view server_name) {
    for (telemetry::Observation& one : telemetry::observe_connections(metrics, server_name, [&which] {
           const http::ServerStats stats = which.stats();
           return telemetry::ConnectionCounts{stats.connections_open, stats.connections_accepted,
                                              stats.connections_refused};
         }))
      connection_metrics.push_back(std::move(one));
  };
  observe(*server, "http");
  if (grpc_server != nullptr) observe(*grpc_server, "grpc");
}

void Service::State::watch_configuration() {
  service::Reloader::Watched watched;
  if (configuration_section.watch) watched.folders.push_back(path_of("config"));
  if (configuration_section.watch && plugins != nullptr) watched.folders.push_back(path_of("plugins"));
  watched.secrets = secret_stores.secrets();
  watched.refresh_interval = secret_stores.section().refresh_interval;
  reloader.start(std::move(watched));
}

// Reasons are for the log: anybody may ask how a service is.
void Service::State::check_configuration() {
  if (!reloader.failure().empty())
    throw Error(Code::failed_precondition, "the last reload was refused: the log says why");
}

// As they did when they were last asked: a probe must not wait for servers elsewhere.
void Service::State::check_secrets() {
  std::string failures;
  if (secret_stores.secrets() == nullptr) return;
  for (const secrets::StoreState& store : secret_stores.secrets()->states()) {
    if (!store.failure.empty()) failures += (failures.empty() ? "" : ", ") + store.name;
  }
  if (!failures.empty()) throw Error(Code::unavailable, "cannot be asked: " + failures + "; the log says why");
}

void Service::State::start_application() {
  for (const service::RouteSampling& special : telemetry_section.tracing.routes)
    app.set_sampling(special.route, special.ratio);
  app.start();
}

void Service::State::plan_lifecycle() {
  lifecycle.emplace([this](const std::string& part) { give_up(part); });
  health.emplace(name, description.version);
  plan_export();
  plan_span_collection();
  lifecycle->add(
      {.name = "configuration", .start = [this] { watch_configuration(); }, .stop = [this] { reloader.stop(); }});
  health->add({.name = "configuration", .required = false, .check = [this] { check_configuration(); }});
  health->add({.name = "secrets", .required = false, .check = [this] { check_secrets(); }});
  if (telemetry_section.enabled) {
    lifecycle->add({.name = "runtime metrics",
                    .start = [this] { runtime_metrics.start(); },
                    .stop = [this] { runtime_metrics.stop(); }});
    lifecycle->add({.name = "service level objectives",
                    .start = [this] { slo_watch.start(telemetry_section.objectives()); },
                    .stop = [this] { slo_watch.stop(); }});
  }
  if (database_plan) {
    lifecycle->add({.name = "database", .start = [this] { open_database(); }, .stop = [this] { database.reset(); }});
    lifecycle->add({.name = "migrations",
                    .start = [this] { prepare_tables(); },
                    .start_timeout = database_section.migration_timeout});
    health->add({.name = "database",
                 .check = [this] { database->check(); },
                 .limits = [this] { return database->storage_failure(); }});
  }
  for (const health::HealthCheck& check : health_checks) health->add(check);
  lifecycle->add({.name = "application", .start = [this] { start_application(); }, .stop = [this] { app.stop(); }});
  for (const service::Part& hook : hooks) lifecycle->add(hook);
  if (!options.listen) return;
  plan_admin();
  if (tls_section.enabled()) {
    lifecycle->add(
        {.name = "certificates", .start = [this] { load_certificates(); }, .stop = [this] { certificates.reset(); }});
  }
  lifecycle->add({.name = server_section.has_grpc_port() ? "http and grpc servers" : "http server",
                  .start = [this] { start_servers(), observe_servers(); },
                  .stop = [this] { drain_servers(); },
                  .stop_timeout = server_section.drain_timeout.value() + kCutTime});
}

}  // namespace marty
