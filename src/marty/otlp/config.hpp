// OtlpSection: the section telemetry.otlp of a service's configuration, and the variables of OpenTelemetry that fill
// what it leaves unset: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL (grpc, http/protobuf) and
// OTEL_EXPORTER_OTLP_HEADERS (name=value,... with percent-encoding).
//
//   telemetry:
//     otlp: {endpoint: "https://collector:4317", protocol: grpc, headers: {authorization: "Bearer ${SECRET:otlp}"}}
//
// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
#pragma once

#include <map>
#include <optional>
#include <string>

#include "marty/config/units.hpp"
#include "marty/config/variables.hpp"
#include "marty/otlp/options.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"

namespace marty::otlp {

struct OtlpSection {
  std::optional<config::Url> endpoint;
  std::optional<Protocol> protocol;
  std::map<std::string, Secret> headers;
  Compression compression = Compression::none;
  bool traces = true;
  bool metrics = true;
  bool logs = false;
  config::Duration timeout = std::chrono::seconds(10);
  config::Duration metrics_interval = std::chrono::seconds(15);
  config::Size queue = config::Size(8 << 20);
  config::Duration shutdown_timeout = std::chrono::seconds(5);

  void check(Problems& problems) const {
    if (endpoint && endpoint->scheme() != "http" && endpoint->scheme() != "https")
      problems.add("/endpoint", "begins with http:// or https://, for gRPC too");
    if (endpoint && endpoint->text().find_first_of("?#") != std::string::npos)
      problems.add("/endpoint", "may have no query and no fragment: put tokens into the headers");
    if (timeout.value() <= timeout.value().zero()) problems.add("/timeout", "must be more than 0s");
    if (metrics_interval.value() < std::chrono::milliseconds(100))
      problems.add("/metrics_interval", "must be at least 100ms");
    if (queue.bytes() < 1 << 20) problems.add("/queue", "must be at least 1MiB: that is two batches");
  }

  static constexpr auto rules = marty::rules(
      field<&OtlpSection::endpoint>.description(
          "Where telemetry is sent: http://collector:4318, for gRPC http://collector:4317; https with the system's "
          "trust. Default: OTEL_EXPORTER_OTLP_ENDPOINT; neither: nowhere"),
      field<&OtlpSection::protocol>.description(
          "http (with protobuf) or grpc. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else http"),
      field<&OtlpSection::headers>.optional().description(
          "Of every request to the receiver: its tokens. Default: OTEL_EXPORTER_OTLP_HEADERS"),
      field<&OtlpSection::compression>.description("Of what is sent"),
      field<&OtlpSection::traces>.description("Whether traces are sent"),
      field<&OtlpSection::metrics>.description("Whether metrics are sent"),
      field<&OtlpSection::logs>.description("Whether log lines are sent, besides being written"),
      field<&OtlpSection::timeout>.description("Of one request"),
      field<&OtlpSection::metrics_interval>.description("Between two readings of the metrics"),
      field<&OtlpSection::queue>.description("What may wait of each signal; beyond it the oldest is dropped"),
      field<&OtlpSection::shutdown_timeout>.description("How long a stop sends what is left"));
};

// Nothing where there is no endpoint. The resource is the caller's to fill in. Throws invalid_argument where a variable
// is wrong, or the endpoint is not for the protocol.
std::optional<ExporterOptions> exporter_options(const OtlpSection& section, const config::Variables& variables);

}  // namespace marty::otlp
