// Where the values of a service's sections come from.
#include "marty/base/error.hpp"
#include "marty/service/internal/state.hpp"
#include "marty/web/compression.hpp"
#include "marty/web/cors.hpp"
#include "marty/web/entity_tags.hpp"

namespace marty {

void Service::State::load_configuration() {
  if (configured) return;
  config::Tree tree = config::load(
      {.directory = path_of("config"), .environment = options.environment, .variables = options.variables});
  environment = tree.environment();
  service_section = tree.bind<service::ServiceSection>("service");
  server_section = tree.bind<service::ServerSection>("server");
  tls_section = tree.bind<service::TlsSection>("security.tls");
  logging_section = tree.bind<service::LoggingSection>("logging");
  telemetry_section = tree.bind<service::TelemetrySection>("telemetry");
  if (database_plan) {
    database_section = tree.bind<service::DatabaseSection>("database");
    check_driver();  // before the options of another driver are called unknown keys
    tree.bind(*database_plan->options_type, database_plan->options.get(), "database." + database_plan->name);
  }
  for (const Section& section : sections) tree.bind(*section.type, section.object.get(), section.path);
  tree.finish();
  configuration_warnings = tree.warnings();
  apply_configuration();
  configured = true;
}

void Service::State::check_driver() const {
  if (!database_section.driver || *database_section.driver == database_plan->name) return;
  const std::string& wanted = *database_section.driver;
  throw Error(Code::invalid_argument, "database.driver is " + wanted + ", but this program brings " +
                                          database_plan->name + ": link marty::" + wanted +
                                          " and hand its driver to service.database()");
}

void Service::State::apply_configuration() {
  name = service_section.name.value_or(name);
  description.version = service_section.version.value_or(description.version);
  description.description = service_section.description.value_or(description.description);

  telemetry::LogSink& sink = options.log_sink != nullptr ? *options.log_sink : standard_output;
  logging = std::make_unique<telemetry::Logging>(
      telemetry::LoggingOptions{logging_section.level, name, description.version, environment}, sink);
  context.begin();
  context.logging = logging.get();

  process_metrics.emplace(metrics);
  dropped_lines = telemetry::observe_dropped_lines(metrics, sink);
  telemetry::record_build_info(metrics, name, description.version);

  web::AppOptions& app_options = app.options();
  app_options.title = app_options.service = name;
  app_options.version = description.version;
  app_options.description = description.description;
  app_options.license = description.license;
  app_options.tags = description.tags;
  app_options.logging = logging.get();
  app_options.docs = server_section.docs;
  app_options.telemetry = telemetry_section.enabled;
  app_options.trust_identity_headers = telemetry_section.trust_identity_headers;
  app_options.access_log = logging_section.access_log;
  app_options.max_body_bytes = static_cast<std::size_t>(server_section.max_body.bytes());

  if (!server_section.cors.origins.empty()) app.filter(web::Phase::edge, "cors", web::Cors(server_section.cors));
  if (server_section.compression) app.filter(web::Phase::edge, "compression", web::Compression());
  if (server_section.entity_tags) app.filter(web::Phase::edge, "entity tags", web::EntityTags());
  add_endpoints();
}

}  // namespace marty
