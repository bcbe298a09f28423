#include "marty/service/internal/port_handler.hpp"

#include "marty/base/error.hpp"

namespace marty::service {
namespace {

bool is_grpc(const http::Request& request) {
  const std::string_view type = request.header("content-type");
  return type.starts_with("application/grpc") && !type.starts_with("application/grpc-web");
}

}  // namespace

// 421: RFC 9110 section 15.5.20.
void PortHandler::handle(http::Request& request, http::Response& response) {
  if (is_grpc(request) == (serves_ == Serves::grpc)) return handler_.handle(request, response);
  throw Error(Code::unimplemented, serves_ == Serves::grpc ? "this port is for gRPC: see server.http_port"
                                                           : "gRPC has a port of its own here: see server.grpc_port")
      .with_http_status(421);
}

}  // namespace marty::service
