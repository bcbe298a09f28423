#include "marty/service/service.hpp"

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/service/internal/command_line.hpp"
#include "marty/service/internal/log.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

// A cancellation cuts it short.
void wait_for(runtime::Duration delay) noexcept {
  if (delay == runtime::Duration::zero()) return;
  try {
    runtime::sleep_for(delay);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
  } catch (const std::exception&) {
  }
}

}  // namespace

Service::State::State(std::string service_name, ServiceOptions service_options)
    : name(std::move(service_name)),
      options(std::move(service_options)),
      app({.title = name, .service = name, .metrics = &metrics}) {
  app.provide([this]() -> health::Health& { return *health; });
  app.dependencies().use(metrics);
}

Service::Service(std::string name, ServiceOptions options)
    : state_(std::make_unique<State>(std::move(name), std::move(options))) {}

Service::Service(std::string name, int argc, const char* const* argv)
    : Service(std::move(name), ServiceOptions{.variables = config::environment_variables()}) {
  state_->arguments.assign(argv, argv + argc);
}

Service::~Service() { MARTY_CHECK(!state_->lifecycle || !state_->lifecycle->running()); }

web::App& Service::app() noexcept { return state_->app; }
telemetry::Metrics& Service::metrics() noexcept { return state_->metrics; }

Database& Service::database() noexcept {
  MARTY_CHECK(state_->database != nullptr);
  return *state_->database;
}

runtime::Address Service::address() const {
  MARTY_CHECK(state_->server != nullptr);
  return state_->server->address();
}

runtime::Address Service::grpc_address() const {
  return state_->grpc_server != nullptr ? state_->grpc_server->address() : address();
}

std::optional<runtime::Address> Service::admin_address() const {
  return state_->admin_server != nullptr ? std::optional(state_->admin_server->address()) : std::nullopt;
}

void Service::describe(ServiceDescription description) { state_->description = std::move(description); }

config::Configuration& Service::configuration() noexcept { return state_->configuration; }
config::Reload Service::reload(std::string_view cause) {
  if (telemetry::current().logging != nullptr) return state_->reloader.reload(cause);
  const telemetry::ContextScope scope(state_->context);
  return state_->reloader.reload(cause);
}

flags::Flags& Service::flags() {
  if (state_->flags == nullptr) {
    state_->flags = std::make_unique<flags::Flags>(state_->configuration, state_->metrics);
    app().dependencies().use(*state_->flags);
  }
  return *state_->flags;
}

config::Plugins& Service::plugins() {
  if (state_->plugins == nullptr) {
    state_->plugins = std::make_unique<config::Plugins>(state_->configuration);
    app().dependencies().use(*state_->plugins);
  }
  return *state_->plugins;
}

secrets::Secrets& Service::secrets() noexcept {
  MARTY_CHECK(state_->secret_stores.secrets() != nullptr);
  return *state_->secret_stores.secrets();
}

void Service::use_secret_store(std::string name, const reflect::Type& options_type, std::shared_ptr<void> options,
                               std::function<std::unique_ptr<secrets::Store>(const config::Variables&)> make) {
  state_->secret_stores.add(std::move(name), options_type, std::move(options),
                            [make = std::move(make)](const service::SecretStores::Surroundings& surroundings) {
                              return make(surroundings.variables);
                            });
}

void Service::add_hook(service::Part part) { state_->hooks.push_back(std::move(part)); }
void Service::health_check(health::HealthCheck check) { state_->health_checks.push_back(std::move(check)); }

void Service::use_database(std::string name, MakeDriver make_driver) {
  if (state_->database_plan)
    throw Error(Code::already_exists, "service.database() was called twice: a service has one");
  state_->database_plan = State::DatabasePlan{std::move(name), std::move(make_driver)};
  web::Dependencies& dependencies = app().dependencies();
  dependencies.provide([this]() -> Database& { return database(); });
  dependencies.provide([](Database& database) -> data::Session& { return database; });
  // A failed request needs no hook: the destructor rolls back, and keeps to itself what goes wrong with that.
  dependencies.per_request([](Database& database) { return Transaction(database); },
                           [](Transaction& transaction) {
                             if (transaction.active()) transaction.commit();
                           });
}

void Service::start() {
  State& state = *state_;
  state.load_configuration();
  state.plan_lifecycle();
  const telemetry::ContextScope scope(state.context);
  for (const std::string& warning : state.configuration.current().tree.warnings())
    service::kLog.warning("configuration: " + warning);
  for (const std::string& problem : state.said_resource.problems) service::kLog.warning(problem);
  state.lifecycle->start();
  state.health->set_phase(health::Health::Phase::running);
  service::kLog.info("started", {{"address", state.server ? state.server->address().to_string() : "none"},
                                 {"grpc_address", state.server ? grpc_address().to_string() : "none"},
                                 {"tls", state.tls_section.enabled()},
                                 {"sample_ratio", state.telemetry_section.tracing.sample_ratio},
                                 {"exporter", state.exporter ? "otlp" : "none"},
                                 {"hosting", config::hosting_name(state.hosting.kind)},
                                 {"hosting_reason", state.hosting.reason},
                                 {"stores", state.secret_stores.order()}});
}

void Service::stop() noexcept {
  State& state = *state_;
  if (!state.lifecycle || !state.lifecycle->running()) return;
  const telemetry::ContextScope scope(state.context);
  state.health->set_phase(health::Health::Phase::draining);
  service::kLog.info("stopping");
  state.announce_stop();
  if (state.server) wait_for(state.server_section.drain_delay);
  for (const std::string& failure : state.lifecycle->stop()) service::kLog.error(failure);
  service::kLog.info("stopped");
  state.logging->flush();
}

int Service::run() { return state_->run(*this); }

}  // namespace marty
