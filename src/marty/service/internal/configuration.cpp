// Where the values of a service's sections come from.
#include <unistd.h>

#include <utility>

#include "marty/base/error.hpp"
#include "marty/service/internal/log.hpp"
#include "marty/service/internal/profile.hpp"
#include "marty/service/internal/state.hpp"
#include "marty/telemetry/log_file.hpp"
#include "marty/web/compression.hpp"
#include "marty/web/cors.hpp"
#include "marty/web/entity_tags.hpp"

namespace marty {
namespace {

telemetry::LogLevels levels_of(const service::LoggingSection& section) { return {section.level, section.levels}; }

}  // namespace

config::LoadOptions Service::State::load_options() const {
  return {.directory = path_of("config"),
          .plugin_directory = plugins != nullptr ? path_of("plugins") : "",
          .environment = options.environment,
          .variables = options.variables,
          .profile = service::profile};
}

void Service::State::declare_sections() {
  if (std::exchange(declared, true)) return;
  hosting = config::detect_hosting({.variables = options.variables});
  configuration.options() = load_options();
  configuration.use_secrets([this](config::Tree& tree) {
    check_driver(tree);
    return secret_stores.open(tree, configuration, {hosting, options.variables});
  });
  // What does not change is copied out of the first generation, when there is one.
  const auto copy = [this]<class Section>(Section& into, std::string path) {
    const auto live = configuration.section<Section>(std::move(path));
    copies.push_back([live, &into] { into = *live; });
    return live;
  };
  copy(service_section, "service");
  copy(server_section, "server");
  copy(tls_section, "security.tls");
  const auto telemetry = copy(telemetry_section, "telemetry");
  configuration.subscribe("telemetry", [this, telemetry](const config::Generation& next) {
    return [this, tracing = telemetry.in(next).tracing] { apply_tracing(tracing); };
  });
  copy(admin_section, "admin");
  copy(configuration_section, "configuration");
  const auto log = copy(logging_section, "logging");
  configuration.subscribe("logging", [this, log](const config::Generation& next) {
    return [this, levels = levels_of(log.in(next))] {
      if (logging != nullptr) logging->set_levels(levels);
      if (exporter_logging != nullptr) exporter_logging->set_levels(levels);
    };
  });
  if (database_plan) copy(database_section, "database");
  add_endpoints();
  if (will_serve) declare_checks();
}

void Service::State::load_configuration() {
  if (configured) return;
  declare_sections();
  if (!configuration.started()) configuration.start();
  first_generation = configuration.pin();
  environment = configuration.current().tree.environment();
  for (const auto& copy : copies) copy();
  apply_configuration();
  configured = true;
}

// Before the options of another driver are called unknown keys.
void Service::State::check_driver(config::Tree& tree) const {
  if (!database_plan) return;
  const std::string wanted = tree.text("database.driver");
  if (wanted.empty() || wanted == database_plan->name) return;
  throw Error(Code::invalid_argument, "database.driver is " + wanted + ", but this program brings " +
                                          database_plan->name + ": link marty::" + wanted +
                                          " and hand its driver to service.database()");
}

void Service::State::apply_tracing(const service::TracingSection& section) {
  tracer.configure({.sample_ratio = section.sample_ratio,
                    .keep_errors = section.keep_errors,
                    .slow = section.slow,
                    .slowest_window = section.slowest_window});
}

void Service::State::open_log() {
  const service::LogFileSection& file = logging_section.file;
  std::uint64_t cut_bytes = 0;
  if (options.log_sink == nullptr) {
    std::unique_ptr<telemetry::LogOutput> output;
    if (logging_section.output == service::LogTarget::file) {
      auto log_file = std::make_unique<telemetry::LogFile>(telemetry::LogFileOptions{
          .path = path_of(*file.path), .max_bytes = file.max_size.bytes(), .max_files = file.max_files});
      cut_bytes = log_file->cut_bytes();
      output = std::move(log_file);
    } else {
      output = std::make_unique<telemetry::DescriptorOutput>(STDOUT_FILENO);
    }
    log_sink = std::make_unique<telemetry::AsyncSink>(std::move(output), logging_section.on_full);
  }
  telemetry::LogSink& sink = with_lines_kept(options.log_sink != nullptr ? *options.log_sink : *log_sink);
  logging = std::make_unique<telemetry::Logging>(
      telemetry::LoggingOptions{.service = name,
                                .version = description.version,
                                .environment = environment,
                                .max_repeats = static_cast<std::uint32_t>(logging_section.max_repeats),
                                .redact = logging_section.redact,
                                .metrics = &metrics},
      sink);
  logging->set_levels(levels_of(logging_section));
  dropped_lines = telemetry::observe_dropped_lines(metrics, sink);
  context.logging = logging.get();
  if (cut_bytes == 0) return;
  const telemetry::ContextScope scope(context);
  service::kLog.warning("the log file ended in the middle of a line, which was taken off", {{"bytes", cut_bytes}});
}

void Service::State::apply_configuration() {
  said_resource = otlp::resource_variables(options.variables);
  name = service_section.name.or_else([&] { return said_resource.find("service.name"); }).value_or(name);
  description.version = service_section.version.or_else([&] { return said_resource.find("service.version"); })
                            .value_or(description.version);
  description.description = service_section.description.value_or(description.description);

  context.begin();
  open_log();
  apply_tracing(telemetry_section.tracing);
  span_counts = telemetry::observe_spans(metrics, tracer);
  process_metrics.emplace(metrics);
  telemetry::record_build_info(metrics, name, description.version);

  web::AppOptions& app_options = app.options();
  app_options.title = app_options.service = name;
  app_options.version = description.version;
  app_options.description = description.description;
  app_options.license = description.license;
  app_options.tags = description.tags;
  app_options.tags.push_back({std::string(kServiceTag), "How the service itself is doing"});
  app_options.logging = logging.get();
  app_options.configuration = &configuration;
  app_options.docs = server_section.docs;
  app_options.telemetry = telemetry_section.enabled;
  app_options.tracer = &tracer;
  app_options.trace_steps = telemetry_section.tracing.steps;
  app_options.trusted_proxies = telemetry_section.trusted_proxies;
  app_options.access_log = logging_section.access_log;
  app_options.max_body_bytes = static_cast<std::size_t>(server_section.max_body.bytes());

  add_admin_filter();
  if (!server_section.cors.origins.empty()) app.filter(web::Phase::edge, "cors", web::Cors(server_section.cors));
  if (server_section.compression) app.filter(web::Phase::edge, "compression", web::Compression());
  if (server_section.entity_tags) app.filter(web::Phase::edge, "entity tags", web::EntityTags());
}

}  // namespace marty
