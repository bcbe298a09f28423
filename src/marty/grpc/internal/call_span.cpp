#include "marty/grpc/internal/call_span.hpp"

#include <string>

namespace marty::grpc::internal {

CallSpan::CallSpan(LoopChannel& channel, const Method& method)
    : span_(channel.site(method), telemetry::SpanKind::client) {
  if (!span_.recording()) return;
  if (channel.target().servers.empty()) {
    span_.set_known("server.address", channel.target().text);
    return;
  }
  span_.set_known("server.address", channel.target().servers.front().host);
  span_.set_known("server.port", channel.target().servers.front().port);
}

void CallSpan::succeeded() noexcept {
  if (span_.recording()) span_.set_known("rpc.response.status_code", "OK");
  span_.end();
}

void CallSpan::failed(const Error& error) noexcept {
  if (!span_.recording()) return;
  try {
    const std::string status = telemetry::rpc_status_name(error.code());
    span_.set_known("rpc.response.status_code", status);
    span_.fail(error.message(), status);
  } catch (const std::bad_alloc&) {
    span_.fail(error);
  }
  span_.end();
}

}  // namespace marty::grpc::internal
