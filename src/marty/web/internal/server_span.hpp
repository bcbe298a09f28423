// ServerSpans: the spans of requests, as the semantic conventions of OpenTelemetry want them: HTTP
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/) and, for methods of a protocol, RPC
// (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "marty/telemetry/span.hpp"
#include "marty/web/exchange.hpp"
#include "marty/web/route.hpp"

namespace marty::web::internal {

class ServerSpans {
 public:
  explicit ServerSpans(const std::vector<std::unique_ptr<Route>>& routes);

  const telemetry::SpanSite& site(const Route* route, const http::Request& request) const noexcept;
  static void begin(telemetry::Span& span, Exchange& exchange);
  // The request ended in an error, in whichever way it may.
  static void fail(telemetry::Span& span, Exchange& exchange, const Error& error);
  static void end(telemetry::Span& span, Exchange& exchange);

 private:
  std::vector<std::vector<const telemetry::SpanSite*>> routes_;  // by the system of the call, where there are several
  std::vector<const telemetry::SpanSite*> unmatched_;            // by method
};

// For the failure of a request that is the service's own: status 500 and up, or what gRPC counts so.
bool is_failure_of_service(const Route* route, const Error& error) noexcept;

}  // namespace marty::web::internal
