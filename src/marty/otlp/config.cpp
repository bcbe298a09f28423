#include "marty/otlp/config.hpp"

#include "marty/base/error.hpp"
#include "marty/otlp/internal/endpoint.hpp"
#include "marty/otlp/internal/variable_list.hpp"
#include "marty/web/percent.hpp"

namespace marty::otlp {
namespace {

constexpr std::string_view kEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
constexpr std::string_view kProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL";
constexpr std::string_view kHeaders = "OTEL_EXPORTER_OTLP_HEADERS";

[[noreturn]] void refuse(std::string_view variable, const std::string& why) {
  throw Error(Code::invalid_argument, "the variable " + std::string(variable) + " " + why);
}

std::string endpoint_of(const OtlpSection& section, const config::Variables& variables) {
  return section.endpoint ? section.endpoint->text() : config::value_of(variables, kEndpoint);
}

void check_endpoint(const OtlpSection& section, const ExporterOptions& options) {
  try {
    internal::parse_endpoint(options.endpoint, options.protocol);
  } catch (const Error& error) {
    if (!section.endpoint) refuse(kEndpoint, "holds no URL of a receiver: " + error.message());
    throw Error(Code::invalid_argument, "telemetry.otlp.endpoint is no URL of a receiver: " + error.message());
  }
}

Protocol protocol_of(const OtlpSection& section, const config::Variables& variables) {
  if (section.protocol) return *section.protocol;
  const std::string protocol = config::value_of(variables, kProtocol);
  if (protocol.empty() || protocol == "http/protobuf") return Protocol::http;
  if (protocol == "grpc") return Protocol::grpc;
  refuse(kProtocol, "is \"" + protocol + "\": it may be grpc or http/protobuf");
}

std::vector<std::pair<std::string, Secret>> headers_of(const OtlpSection& section, const config::Variables& variables) {
  if (!section.headers.empty()) return {section.headers.begin(), section.headers.end()};
  constexpr std::string_view kExpected =
      "has to be a list of name=value, separated by commas, with percent-encoding";  // without what was found
  std::vector<std::pair<std::string, Secret>> headers;
  const std::string text = config::value_of(variables, kHeaders);
  const auto members = internal::split_list(text);
  if (!members) refuse(kHeaders, std::string(kExpected));
  for (const auto& [name, written] : *members) {
    std::string buffer;
    const auto value = web::percent_decode(written, buffer);
    if (!value) refuse(kHeaders, std::string(kExpected));
    headers.emplace_back(name, Secret(*value));
  }
  return headers;
}

}  // namespace

std::optional<ExporterOptions> exporter_options(const OtlpSection& section, const config::Variables& variables) {
  ExporterOptions options;
  options.endpoint = endpoint_of(section, variables);
  if (options.endpoint.empty()) return std::nullopt;
  options.protocol = protocol_of(section, variables);
  check_endpoint(section, options);
  options.headers = headers_of(section, variables);
  options.compression = section.compression;
  options.timeout = section.timeout;
  options.metrics_interval = section.metrics_interval;
  options.shutdown_timeout = section.shutdown_timeout;
  options.queue_bytes = static_cast<std::size_t>(section.queue.bytes());
  return options;
}

}  // namespace marty::otlp
