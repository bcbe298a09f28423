#include "marty/grpc/internal/call_span.hpp"

namespace marty::grpc::internal {

CallSpan::CallSpan(LoopChannel& channel, const Method& method)
    : span_(channel.site(method), telemetry::SpanKind::client) {
  if (!span_.recording() || channel.target().servers.empty()) return;
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
    span_.set_known("rpc.response.status_code", telemetry::rpc_status_name(error.code()));
  } catch (const std::bad_alloc&) {  // error.type says it, too
  }
  span_.fail(error);
  span_.end();
}

}  // namespace marty::grpc::internal
