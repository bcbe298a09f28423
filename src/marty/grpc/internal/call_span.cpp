#include "marty/grpc/internal/call_span.hpp"

namespace marty::grpc::internal {

std::string status_name(Code code) {
  std::string name(code_info(code).name);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

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
  span_.set_known("rpc.response.status_code", status_name(error.code()));
  span_.fail(error);
  span_.end();
}

}  // namespace marty::grpc::internal
