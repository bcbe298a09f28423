// Where a service's telemetry goes besides /metrics and the log.
#include <sys/utsname.h>
#include <unistd.h>

#include <map>

#include "marty/runtime/random.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

std::string host_name() {
  utsname system{};
  return ::uname(&system) == 0 ? system.nodename : "";
}

}  // namespace

// Names of OpenTelemetry's semantic conventions. What is found out (where a service runs, detect_hosting() tells) gives
// way to what the variables say, and that to what the service itself is configured to be.
otlp::Attributes Service::State::resource() const {
  std::map<std::string, otlp::Attributes::value_type::second_type> attributes = {
      {"service.instance.id", runtime::new_uuid().to_string()},
      {"process.pid", std::int64_t{::getpid()}},
      {"host.name", host_name()}};
  for (const auto& [key, value] : hosting.attributes) attributes[key] = value;
  for (const auto& [key, value] : said_resource.attributes) attributes[key] = value;
  attributes["service.name"] = name;
  attributes["service.version"] = description.version;
  const bool chosen = !options.environment.empty() || !config::value_of(options.variables, "MARTY_ENV").empty();
  if (chosen || !said_resource.find("deployment.environment.name"))
    attributes["deployment.environment.name"] = environment;
  attributes["telemetry.sdk.name"] = "marty";
  attributes["telemetry.sdk.language"] = "cpp";
  attributes["telemetry.sdk.version"] = MARTY_VERSION;
  return {attributes.begin(), attributes.end()};
}

// Once: a service that is started again goes on with the same exporter, as other threads may be using it.
void Service::State::make_exporter() {
  const otlp::OtlpSection& section = telemetry_section.otlp;
  auto exporter_options = otlp::exporter_options(section, options.variables);
  if (exporter != nullptr || !telemetry_section.enabled || !exporter_options) return;
  exporter_options->resource = resource();
  exporter_logging = std::make_unique<telemetry::Logging>(
      telemetry::LoggingOptions{
          .service = name, .version = description.version, .environment = environment, .metrics = &metrics},
      logging->sink());
  exporter_logging->set_levels(logging->levels());
  exporter = std::make_unique<otlp::Exporter>(std::move(*exporter_options), metrics, *exporter_logging);
  if (section.traces) {
    exporter->export_traces(tracer);
    tracer.record(true);
  }
  if (section.metrics) exporter->export_metrics();
  if (section.logs) logging->set_exporter(&exporter->export_logs());
}

// The first part to start and the last to stop, so that it sends what the others leave behind.
void Service::State::plan_export() {
  make_exporter();
  if (exporter == nullptr) return;
  lifecycle->add({.name = "telemetry export",
                  .start = [this] { exporter->start(); },
                  .stop = [this] { exporter->stop(); },
                  .stop_timeout = telemetry_section.otlp.shutdown_timeout.value() + std::chrono::seconds(1)});
  health->add({.name = "telemetry", .required = false, .check = [this] { exporter->check(); }});
}

}  // namespace marty
