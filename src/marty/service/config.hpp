// The configuration sections that every service has. Names, defaults, units, limits: here and nowhere else.
// docs/guide/configuration.md says where the values come from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "marty/config/units.hpp"
#include "marty/data/database.hpp"
#include "marty/otlp/config.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/runtime/address_block.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/slo.hpp"
#include "marty/tls/tls.hpp"
#include "marty/web/cors.hpp"

namespace marty::service {

struct ServiceSection {
  std::optional<std::string> name;
  std::optional<std::string> version;
  std::optional<std::string> description;

  static constexpr auto rules = marty::rules(
      field<&ServiceSection::name>.description(
          "In logs, telemetry and documentation. Default: OTEL_SERVICE_NAME, then service.name in "
          "OTEL_RESOURCE_ATTRIBUTES, else what the program says"),
      field<&ServiceSection::version>.description(
          "In logs, telemetry and documentation. Default: service.version in OTEL_RESOURCE_ATTRIBUTES, else what "
          "the program says"),
      field<&ServiceSection::description>.description("In the documentation"));
};

struct ServerSection {
  std::string host = "127.0.0.1";
  int http_port = 8080;
  std::optional<int> grpc_port;
  int loops = 0;
  int max_connections = 100'000;
  int max_in_flight = 10'000;
  int max_streams = 128;
  config::Size max_body = config::Size(16 << 20);
  config::Duration header_timeout = std::chrono::seconds(10);
  config::Duration body_timeout = std::chrono::seconds(30);
  config::Size body_rate = config::Size(512);
  config::Duration write_timeout = std::chrono::seconds(30);
  config::Duration idle_timeout = std::chrono::seconds(75);
  config::Duration drain_delay = std::chrono::seconds(0);
  config::Duration drain_timeout = std::chrono::seconds(10);
  config::Duration stall_threshold = std::chrono::milliseconds(200);
  config::Size fiber_stack = config::Size(256 << 10);
  bool docs = true;
  bool compression = true;
  bool entity_tags = false;
  web::CorsOptions cors;

  // Whether gRPC is served on a port that is not that of the others.
  bool has_grpc_port() const noexcept { return grpc_port && (*grpc_port != http_port || *grpc_port == 0); }
  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&ServerSection::host>.description("The address to listen on; 0.0.0.0 for all"),
      field<&ServerSection::http_port>.range(0, 65535).description("0: any free port"),
      field<&ServerSection::grpc_port>.range(0, 65535).description(
          "gRPC on a port of its own, which the HTTP port then refuses; default: one port for all"),
      field<&ServerSection::loops>.range(0, 256).description("Event loops; 0: one per core"),
      field<&ServerSection::max_connections>.range(1, 10'000'000).description("Beyond it: 503, closed"),
      field<&ServerSection::max_in_flight>.range(1, 10'000'000).description("Requests at a time; beyond it: 503"),
      field<&ServerSection::max_streams>.range(1, 10'000).description("Requests at a time of one HTTP/2 connection"),
      field<&ServerSection::max_body>.description("Of a request; beyond it: 413"),
      field<&ServerSection::header_timeout>.description("For the head of a request, and for a TLS handshake"),
      field<&ServerSection::body_timeout>.description(
          "How far a request's body may fall behind its least rate; beyond it: 408"),
      field<&ServerSection::body_rate>.description("Of a request's body, in a second, on the whole; 0: any"),
      field<&ServerSection::write_timeout>.description("For a client to take in 64 KiB"),
      field<&ServerSection::idle_timeout>.description("A connection without requests is closed after it"),
      field<&ServerSection::drain_delay>.optional().description(
          "How long a stop goes on serving while /health/ready is red: as long as load balancers take to notice"),
      field<&ServerSection::drain_timeout>.description("How long a stop waits for requests in flight"),
      field<&ServerSection::stall_threshold>.description(
          "A handler that holds its loop longer is reported with its stack; 0s: off"),
      field<&ServerSection::fiber_stack>.description("Of each request; memory is used as far as it is touched"),
      field<&ServerSection::docs>.description("Serve /docs and /openapi.json, and the reflection of gRPC"),
      field<&ServerSection::compression>.description("Replies in brotli or gzip where the client takes them"),
      field<&ServerSection::entity_tags>.description("Hash replies to GET, and answer 304 where the client has it"),
      field<&ServerSection::cors>.optional().description("Which pages of other origins may call; none by default"));
};

struct CertificateSection {
  std::string certificate;
  std::string key;

  static constexpr auto rules =
      marty::rules(field<&CertificateSection::certificate>.description("PEM file of the chain, leaf first"),
                   field<&CertificateSection::key>.description("PEM file of its private key"));
};

// The section security.tls.
struct TlsSection {
  std::optional<std::string> certificate;  // one: HTTPS instead of HTTP
  std::optional<std::string> key;
  std::vector<CertificateSection> certificates;
  tls::ClientCertificates client_certificates = tls::ClientCertificates::none;
  std::optional<std::string> client_ca;
  config::Duration reload_interval = std::chrono::seconds(10);

  bool enabled() const noexcept { return certificate.has_value(); }
  void check(Problems& problems) const {
    if (certificate.has_value() != key.has_value()) problems.add("/key", "goes with certificate: give both or none");
    if (!certificate && !certificates.empty())
      problems.add("/certificates", "are more than one: give certificate and key first");
    if (!certificate && client_certificates != tls::ClientCertificates::none)
      problems.add("/certificate", "is required where clients show certificates: without it there is no TLS");
    if (client_certificates != tls::ClientCertificates::none && !client_ca)
      problems.add("/client_ca", "is required to verify the certificates of clients");
    if (client_certificates == tls::ClientCertificates::none && client_ca)
      problems.add("/client_ca", "is of no use without client_certificates: optional or required");
  }

  static constexpr auto rules = marty::rules(
      field<&TlsSection::certificate>.description("PEM file of the chain, leaf first; serves HTTPS in place of HTTP"),
      field<&TlsSection::key>.description("PEM file of its private key"),
      field<&TlsSection::certificates>.optional().description("Further ones, for the names that they are for (SNI)"),
      field<&TlsSection::client_certificates>.description("Whether clients show one (mTLS)"),
      field<&TlsSection::client_ca>.description("PEM file of the authorities that theirs are verified against"),
      field<&TlsSection::reload_interval>.description("How often the files are looked at; 0s: never"));
};

struct DatabaseSection {
  std::optional<std::string> driver;
  data::PoolOptions pool;
  std::optional<bool> migrate_on_start;
  std::optional<std::string> migrations;
  config::Duration migration_timeout = std::chrono::minutes(5);

  static constexpr auto rules =
      marty::rules(field<&DatabaseSection::driver>.description(
                       "Of those that the program brings; its options are the section `database.DRIVER`"),
                   field<&DatabaseSection::pool>.optional(),
                   field<&DatabaseSection::migrate_on_start>.description(
                       "Default: yes in development and testing; elsewhere run: PROGRAM migrate up"),
                   field<&DatabaseSection::migrations>.description(
                       "The folder of the migration files, below the service's directory; default: migrations, where "
                       "there is one"),
                   field<&DatabaseSection::migration_timeout>.description(
                       "How long a start may migrate, and wait for others that do"));
};

struct LogFileSection {
  std::optional<std::string> path;
  config::Size max_size = config::Size(100 << 20);
  int max_files = 5;

  void check(Problems& problems) const {
    if (max_size < config::Size(64 << 10)) problems.add("/max_size", "must be at least 64KiB");
  }

  static constexpr auto rules = marty::rules(
      field<&LogFileSection::path>.description("The file, below the service's directory; its folder has to be there"),
      field<&LogFileSection::max_size>.description(
          "A file that would grow past it is renamed: app.log.1, app.log.2 ..."),
      field<&LogFileSection::max_files>.range(0, 1000).description("Older files that are kept"));
};

enum class LogTarget : std::uint8_t { stdout, file };  // the macro stdout stands for itself

struct LoggingSection {
  telemetry::Level level = telemetry::Level::info;
  std::map<std::string, telemetry::Level, std::less<>> levels;
  LogTarget output = LogTarget::stdout;
  telemetry::OnFull on_full = telemetry::OnFull::drop;
  LogFileSection file;
  int max_repeats = 100;
  std::vector<std::string> redact;
  bool access_log = false;

  void check(Problems& problems) const {
    if (output == LogTarget::file && !file.path) problems.add("/file/path", "is required where output is file");
  }

  static constexpr auto rules = marty::rules(
      field<&LoggingSection::level>.description("The least that is logged").reloadable(),
      field<&LoggingSection::levels>.optional().reloadable().description(
          "The same for single loggers and those below them, by name: `{petstore.orders: debug}`"),
      field<&LoggingSection::output>.description("Where lines go"),
      field<&LoggingSection::on_full>.description(
          "Of lines that find no room, as nobody reads them fast enough: drop counts them, wait slows the service down "
          "to what is read"),
      field<&LoggingSection::file>.optional(),
      field<&LoggingSection::max_repeats>.range(0, 1'000'000).description(
          "Warnings and errors a second from one place in the source; the next one tells how many were held back; 0: "
          "no limit"),
      field<&LoggingSection::redact>.optional().description(
          "Further names of fields whose values are not shown, besides password, token and the like"),
      field<&LoggingSection::access_log>.description("A line for every request"));
};

// Pages about the running service: see admin/admin.hpp.
struct AdminSection {
  std::optional<bool> enabled;
  std::string host = "127.0.0.1";
  int port = 0;
  bool expose = false;

  bool is_enabled(std::string_view environment) const { return enabled.value_or(environment == "development"); }
  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&AdminSection::enabled>.description(
          "Introspection pages on a port of their own; default: yes in development, else no"),
      field<&AdminSection::host>.description("The address to listen on, of the machine itself unless expose is set"),
      field<&AdminSection::port>.range(0, 65535).description("0: any free port; the log and the start line tell it"),
      field<&AdminSection::expose>.description(
          "Let host be an address that others reach: who comes is not asked, so something else has to"));
};

struct ConfigurationSection {
  bool watch = true;

  static constexpr auto rules = marty::rules(field<&ConfigurationSection::watch>.description(
      "Whether changes of the files are taken over while the service runs; else by SIGHUP only"));
};

struct RouteSampling {
  std::string route;
  double ratio = 1;

  static constexpr auto rules =
      marty::rules(field<&RouteSampling::route>.description("Its pattern, or method and pattern: `GET /api/v1/pets`"),
                   field<&RouteSampling::ratio>.range(0, 1).description("In place of sample_ratio"));
};

// The section telemetry.tracing. Its ratio is a matter of the environment: internal/profile.cpp.
struct TracingSection {
  double sample_ratio = 1;
  bool keep_errors = true;
  config::Duration slow = std::chrono::seconds(1);
  config::Duration slowest_window = std::chrono::seconds(10);
  std::vector<RouteSampling> routes;
  bool steps = false;

  static constexpr auto rules = marty::rules(
      field<&TracingSection::sample_ratio>.range(0, 1).description(
          "The share of the traces that begin here which is recorded; a caller's decision stands").reloadable(),
      field<&TracingSection::keep_errors>.description("Of the other traces those that fail here").reloadable(),
      field<&TracingSection::slow>.description("And those that take so long here; 0s: none").reloadable(),
      field<&TracingSection::slowest_window>.description(
          "And of each route the slowest in so much time; 0s: none").reloadable(),
      field<&TracingSection::routes>.optional().description("Shares of single routes"),
      field<&TracingSection::steps>.description("A span for each filter and the handler of a request"));
};

// An element of telemetry.slos: see telemetry/slo.hpp.
struct SloSection {
  std::string name;
  telemetry::SloKind kind = telemetry::SloKind::availability;
  double objective = 0.999;
  config::Duration window = std::chrono::days(30);
  config::Duration threshold = std::chrono::milliseconds(500);
  std::string route;

  telemetry::Slo slo() const { return {name, kind, objective, window, threshold, route}; }
  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&SloSection::name>.pattern("^[A-Za-z0-9-]{1,64}$").description(
          "In metrics and alerts. Without slos there are three: availability 0.999 over 30d, latency 0.95 within 500ms "
          "over 7d, success 0.99 over 7d"),
      field<&SloSection::kind>.optional().description("What makes a request good: no 5xx, no error, or in time"),
      field<&SloSection::objective>.greater_than(0).less_than(1).description("The share that has to be good: 0.999"),
      field<&SloSection::window>.description("Over which time; whole hours, 1d to 90d"),
      field<&SloSection::threshold>.description("The time in which to answer; a bound of mmf_request_duration_seconds"),
      field<&SloSection::route>.optional().description("A pattern, /api/v1/pets/{id}; default: the whole API"));
};

struct TelemetrySection {
  bool enabled = true;
  std::vector<runtime::AddressBlock> trusted_proxies;
  TracingSection tracing;
  std::optional<std::vector<SloSection>> slos;

  // Those that are configured, or the default ones.
  std::vector<telemetry::Slo> objectives() const;
  void check(Problems& problems) const;
  otlp::OtlpSection otlp;

  static constexpr auto rules = marty::rules(
      field<&TelemetrySection::enabled>.description("Correlation, trace context and metrics of requests"),
      field<&TelemetrySection::trusted_proxies>.optional().max_items(100).description(
          "Whose user and session headers are believed: addresses and blocks such as 10.0.0.0/8 or ::1, unix "
          "for Unix sockets, any for everybody"),
      field<&TelemetrySection::tracing>.optional(),
      field<&TelemetrySection::slos>.max_items(50).description("Service level objectives"),
      field<&TelemetrySection::otlp>.optional().description("Export to a collector of OpenTelemetry"));
};

}  // namespace marty::service
