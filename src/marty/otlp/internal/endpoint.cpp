#include "marty/otlp/internal/endpoint.hpp"

#include "marty/base/error.hpp"

namespace marty::otlp::internal {
namespace {

std::string origin(const http::internal::Url& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  return std::string(url.secure ? "https://" : "http://") + (is_ipv6 ? "[" + url.host + "]" : url.host) + ":" +
         std::to_string(url.port);
}

}  // namespace

http::internal::Url parse_endpoint(std::string_view endpoint, Protocol protocol) {
  http::internal::Url url = http::internal::parse_url(endpoint);
  if (endpoint.find_first_of("?#") != std::string_view::npos) {
    throw Error(Code::invalid_argument, "the endpoint " + origin(url) +
                                            " may have no query and no fragment: put tokens into the headers "
                                            "(telemetry.otlp.headers, OTEL_EXPORTER_OTLP_HEADERS)");
  }
  if (protocol == Protocol::grpc && url.target != "/") {
    throw Error(Code::invalid_argument, "the endpoint " + origin(url) +
                                            " may have no path for gRPC: leave it out, or set the protocol to http "
                                            "(telemetry.otlp.protocol, OTEL_EXPORTER_OTLP_PROTOCOL)");
  }
  return url;
}

std::string origin_of(std::string_view endpoint) { return origin(http::internal::parse_url(endpoint)); }

}  // namespace marty::otlp::internal
