// State: what a Service holds between its declaration and its end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "marty/admin/admin.hpp"
#include "marty/config/configuration.hpp"
#include "marty/config/hosting.hpp"
#include "marty/data/migrations.hpp"
#include "marty/http/server.hpp"
#include "marty/otlp/exporter.hpp"
#include "marty/otlp/resource_variables.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/certificates.hpp"
#include "marty/service/config.hpp"
#include "marty/service/internal/command_line.hpp"
#include "marty/service/internal/port_handler.hpp"
#include "marty/service/reloader.hpp"
#include "marty/service/runtime_metrics.hpp"
#include "marty/service/secret_stores.hpp"
#include "marty/service/service.hpp"
#include "marty/service/slo_watch.hpp"
#include "marty/telemetry/async_sink.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/process_metrics.hpp"
#include "marty/telemetry/standard.hpp"
#include "marty/telemetry/tracer.hpp"

namespace marty {

inline constexpr std::string_view kServiceTag = "service";  // of the routes that every service has

class Service::State {
 public:
  State(std::string service_name, ServiceOptions service_options);

  struct DatabasePlan {
    std::string name;  // of the driver
    MakeDriver make_driver;
  };

  // configuration.cpp
  void load_configuration();
  void declare_sections();
  config::LoadOptions load_options() const;
  void check_driver(config::Tree& tree) const;
  void open_log();
  void apply_configuration();
  void apply_tracing(const service::TracingSection& section);
  // checks.cpp: what a start finds out before it opens a socket
  void declare_checks();
  void check_ports(config::Tree& tree, const service::ServerSection& ports, const service::AdminSection& pages) const;
  void check_telemetry(config::Tree& tree, const service::TelemetrySection& section) const;
  void check_database(config::Generation& bound, const service::DatabaseSection& section) const;
  // startup.cpp: the steps of Service::start()
  void plan_lifecycle();
  void watch_configuration();
  void check_configuration();
  void check_secrets();
  void make_database();
  void open_database();
  void prepare_tables();
  void start_application();
  void load_certificates();
  http::ServerOptions server_options(int port) const;
  std::unique_ptr<http::Server> start_server(http::Handler& handler, const http::ServerOptions& server_options,
                                             std::string_view key);
  void start_servers();
  void observe_servers();
  // stopping.cpp
  void announce_stop();
  void drain_servers();
  void drain_once();
  void give_up(const std::string& part);
  // export.cpp
  void make_exporter();
  void plan_export();
  otlp::Attributes resource() const;
  // admin.cpp
  bool has_admin() const noexcept;
  telemetry::LogSink& with_lines_kept(telemetry::LogSink& sink);
  void add_admin_filter();
  void plan_span_collection();
  void collect_spans();
  void plan_admin();
  void start_admin();
  void stop_admin();
  // endpoints.cpp
  void add_endpoints();
  // run.cpp: what the command line asks for; the exit code
  int run(Service& self);
  void enter_directory();
  runtime::WorldOptions world_options() const;
  int serve(Service& self);
  void reload_on_hang_up(runtime::Event& ready);
  bool start_until(Service& self, runtime::Event& asked_to_stop);
  int carry_out(const service::CommandLine& line, Service& self);
  int migrate(const service::CommandLine& line);
  // inspect.cpp
  void init_configuration(const service::CommandLine& line) const;
  int inspect_configuration(const service::CommandLine& line);
  int print_openapi();
  // observability.cpp
  std::vector<telemetry::MetricFamily> metric_families();
  int write_observability(const service::CommandLine& line);

  std::vector<data::Migration> read_migrations(const service::DatabaseSection& section) const;
  tls::ServerOptions tls_options(const service::TlsSection& section) const;
  std::string path_of(const std::string& relative) const;  // below the service's directory
  bool migrates_on_start() const;

  std::string name;
  ServiceDescription description;
  ServiceOptions options;
  std::vector<const char*> arguments;

  service::ServiceSection service_section;
  service::ServerSection server_section;
  service::DatabaseSection database_section;
  service::TlsSection tls_section;
  service::LoggingSection logging_section;
  service::TelemetrySection telemetry_section;
  service::AdminSection admin_section;
  service::ConfigurationSection configuration_section;
  std::string environment;
  config::Hosting hosting;
  otlp::ResourceVariables said_resource;      // of this process, by whom it was started
  std::vector<std::function<void()>> copies;  // of sections, to their places here
  bool declared = false;                      // the sections, that is
  bool configured = false;                    // and loaded
  bool will_serve = true;                     // false: of a command that ends by itself

  telemetry::Metrics metrics;
  admin::Traces traces;
  telemetry::Tracer tracer;
  std::vector<telemetry::Observation> span_counts;
  telemetry::DescriptorSink standard_error{2};           // of the commands, which print what they find
  std::unique_ptr<telemetry::AsyncSink> log_sink;        // null: the options name another
  std::unique_ptr<admin::LogLines> log_lines;            // null: no introspection pages; as of what else is theirs
  std::unique_ptr<telemetry::Logging> exporter_logging;  // as the other, but exported by nobody
  std::unique_ptr<otlp::Exporter> exporter;              // null: nowhere. Outlives the last line
  std::unique_ptr<telemetry::Logging> logging;
  std::optional<telemetry::ProcessMetrics> process_metrics;
  telemetry::Observation dropped_lines;
  std::vector<telemetry::Observation> connection_metrics;
  service::SecretStores secret_stores;
  config::Configuration configuration{{}};
  std::unique_ptr<flags::Flags> flags;       // null: nobody asked for any
  std::unique_ptr<config::Plugins> plugins;  // the same
  runtime::Pin first_generation;             // what service-wide objects may have references into
  service::Reloader reloader{configuration, metrics};
  service::RuntimeMetrics runtime_metrics{metrics};
  service::SloWatch slo_watch{metrics};
  telemetry::Context context;  // of what happens outside of requests

  web::App app;
  std::optional<DatabasePlan> database_plan;
  std::unique_ptr<Database> database;
  std::vector<service::Part> hooks;
  std::vector<health::HealthCheck> health_checks;
  std::optional<health::Health> health;
  std::optional<service::Lifecycle> lifecycle;
  std::optional<runtime::Event> hurry;                         // of a stop: set, nobody waits for requests any more
  bool owns_process = false;                                   // it is the program: what hangs may end it
  std::unique_ptr<service::Certificates> certificates;         // null: no TLS
  std::unique_ptr<service::PortHandler> http_only, grpc_only;  // where gRPC has a port of its own
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> grpc_server;
  std::optional<runtime::Task<std::function<void()>>> span_collection;
  std::unique_ptr<admin::LiveRequests> live_requests;
  std::unique_ptr<admin::Admin> admin_pages;
  std::unique_ptr<http::Server> admin_server;
};

}  // namespace marty
