// Where the values of a service's sections come from.
#include "marty/base/error.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {

void Service::State::load_configuration() {
  if (configured) return;
  config::Tree tree = config::load(
      {.directory = path_of("config"), .environment = options.environment, .variables = options.variables});
  environment = tree.environment();
  service_section = tree.bind<service::ServiceSection>("service");
  server_section = tree.bind<service::ServerSection>("server");
  logging_section = tree.bind<service::LoggingSection>("logging");
  telemetry_section = tree.bind<service::TelemetrySection>("telemetry");
  if (database_plan) {
    database_section = tree.bind<service::DatabaseSection>("database");
    tree.bind(*database_plan->options_type, database_plan->options.get(), "database." + database_plan->name);
  }
  for (const Section& section : sections) tree.bind(*section.type, section.object.get(), section.path);
  tree.finish();
  check_driver();
  apply_configuration();
  configured = true;
}

void Service::State::check_driver() const {
  if (!database_plan || !database_section.driver || *database_section.driver == database_plan->name) return;
  const std::string& wanted = *database_section.driver;
  throw Error(Code::invalid_argument, "database.driver is " + wanted + ", but this program brings " +
                                          database_plan->name + ": link marty::" + wanted +
                                          " and hand its driver to service.database()");
}

void Service::State::apply_configuration() {
  name = service_section.name.value_or(name);
  version = service_section.version.value_or(version);
  description = service_section.description.value_or(description);

  telemetry::LogSink& sink = options.log_sink != nullptr ? *options.log_sink : standard_output;
  logging = std::make_unique<telemetry::Logging>(
      telemetry::LoggingOptions{logging_section.level, name, version, environment}, sink);
  context.begin();
  context.logging = logging.get();

  web::AppOptions& app_options = app.options();
  app_options.title = app_options.service = name;
  app_options.version = version;
  app_options.description = description;
  app_options.logging = logging.get();
  app_options.telemetry = telemetry_section.enabled;
  app_options.trust_identity_headers = telemetry_section.trust_identity_headers;
  app_options.access_log = logging_section.access_log;
  app_options.max_body_bytes = static_cast<std::size_t>(server_section.max_body.bytes());
}

}  // namespace marty
