// CallSpan: the span of one call of a client, as the semantic conventions of OpenTelemetry want it
// (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/).
#pragma once

#include "marty/base/error.hpp"
#include "marty/grpc/internal/loop_channel.hpp"
#include "marty/telemetry/span.hpp"

namespace marty::grpc::internal {

class CallSpan {
 public:
  CallSpan(LoopChannel& channel, const Method& method);

  void leave() noexcept { span_.leave(); }
  void succeeded() noexcept;
  void failed(const Error& error) noexcept;

 private:
  telemetry::Span span_;
};

}  // namespace marty::grpc::internal
