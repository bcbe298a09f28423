#include "marty/otlp/config.hpp"

#include "marty/base/error.hpp"
#include "marty/otlp/internal/endpoint.hpp"
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

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// As W3C Baggage has them, without properties.
std::vector<std::pair<std::string, Secret>> headers_of(const OtlpSection& section, const config::Variables& variables) {
  if (!section.headers.empty()) return {section.headers.begin(), section.headers.end()};
  std::vector<std::pair<std::string, Secret>> headers;
  const std::string text = config::value_of(variables, kHeaders);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view entry = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = std::min(entry.find('='), entry.size());
    const std::string_view name = trimmed(entry.substr(0, equals));
    std::string buffer;
    const auto value = web::percent_decode(trimmed(entry.substr(std::min(equals + 1, entry.size()))), buffer);
    if (equals == entry.size() || name.empty() || !value)
      refuse(kHeaders, "has to be a list of name=value, separated by commas, with percent-encoding");  // without them
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
