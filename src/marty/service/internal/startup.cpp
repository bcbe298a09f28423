// The steps of Service::start().
#include <filesystem>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

constexpr Logger kLog("marty.service");

}  // namespace

std::string Service::State::path_of(const std::string& relative) const {
  return (std::filesystem::path(options.directory) / relative).lexically_normal().string();
}

bool Service::State::migrates_on_start() const {
  return database_section.migrate_on_start.value_or(environment == "development" || environment == "testing");
}

data::Migrations Service::State::migrations() const {
  const std::optional<std::string>& configured_folder = database_section.migrations;
  const std::string folder = path_of(configured_folder.value_or("migrations"));
  if (!std::filesystem::is_directory(folder)) {
    if (!configured_folder) return {*database, {}};
    throw Error(Code::not_found, "there is no folder " + folder + ": correct database.migrations");
  }
  return {*database, data::migration_files(folder)};
}

// Connects with the first statement.
void Service::State::make_database() {
  database = std::make_unique<Database>(database_plan->make_driver(), database_section.pool, &metrics);
}

void Service::State::open_database() {
  make_database();
  database->check();
}

void Service::State::prepare_tables() {
  data::Migrations steps = migrations();
  if (migrates_on_start()) {
    for (const data::MigrationStep& step : steps.up()) {
      kLog.info("migrated the database", {{"migration", std::to_string(step.version) + "_" + step.name}});
    }
    return;
  }
  const std::vector<data::MigrationStep> missing = steps.plan(steps.newest());
  if (missing.empty()) return;
  throw Error(Code::failed_precondition, "migration " + std::to_string(missing[0].version) + "_" + missing[0].name +
                                             " is not applied: run " + name +
                                             " migrate up, or set database.migrate_on_start: true");
}

void Service::State::start_server() {
  const service::ServerSection& section = server_section;
  http::ServerOptions server_options;
  server_options.address = runtime::Address::ip(section.host, static_cast<std::uint16_t>(section.http_port));
  http::ServerLimits& limits = server_options.limits;
  limits.connections = static_cast<std::size_t>(section.max_connections);
  limits.in_flight = static_cast<std::size_t>(section.max_in_flight);
  limits.body_bytes = static_cast<std::size_t>(section.max_body.bytes());
  limits.header_timeout = section.header_timeout;
  limits.body_timeout = section.body_timeout;
  limits.write_timeout = section.write_timeout;
  limits.idle_timeout = section.idle_timeout;
  // Ours only once it serves: one that could not start goes here, within the world.
  auto starting = std::make_unique<http::Server>(app, server_options);
  try {
    starting->start();
  } catch (const Error& error) {
    if (error.code() != Code::already_exists) throw;
    throw Error(Code::already_exists, error.message() + ": server.http_port or MARTY_SERVER__HTTP_PORT");
  }
  server = std::move(starting);
}

void Service::State::plan_lifecycle() {
  lifecycle.emplace();
  health.emplace(name, description.version);
  if (telemetry_section.enabled) {
    lifecycle->add({.name = "loop lag", .start = [this] { loop_lag.start(); }, .stop = [this] { loop_lag.stop(); }});
  }
  if (database_plan) {
    lifecycle->add({.name = "database", .start = [this] { open_database(); }, .stop = [this] { database.reset(); }});
    lifecycle->add({.name = "migrations",
                    .start = [this] { prepare_tables(); },
                    .start_timeout = database_section.migration_timeout});
    health->add({.name = "database", .check = [this] { database->check(); }});
  }
  for (const health::HealthCheck& check : health_checks) health->add(check);
  lifecycle->add({.name = "application", .start = [this] { app.start(); }, .stop = [this] { app.stop(); }});
  for (const service::Part& hook : hooks) lifecycle->add(hook);
  if (!options.listen) return;
  const runtime::Duration drain = server_section.drain_timeout;
  lifecycle->add({.name = "http server",
                  .start = [this] { start_server(); },
                  .stop =
                      [this, drain] {
                        // Who is cancelled already, by a second signal, waits for nobody.
                        if (!server->drain(runtime::cancelled() ? runtime::Duration::zero() : drain))
                          kLog.warning("requests were cut off: they took longer than server.drain_timeout");
                        server.reset();
                      },
                  .stop_timeout = drain + std::chrono::seconds(5)});
}

}  // namespace marty
