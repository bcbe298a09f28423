// ClientSpan: what an outgoing request has of telemetry – its span, as the semantic conventions of OpenTelemetry want
// it (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span), and the headers that hand on
// trace and correlation.
#pragma once

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/telemetry/span.hpp"

namespace marty::http::internal {

class ClientSpan {
 public:
  // Adds the headers to the request, except those that it has.
  ClientSpan(OutgoingRequest& request, telemetry::Identity identity);

  void replied(int status) noexcept;
  void failed(const Error& error) noexcept { span_.fail(error); }
  void leave() noexcept { span_.leave(); }

 private:
  telemetry::Span span_;
};

}  // namespace marty::http::internal
