#include "marty/service/internal/port_handler.hpp"

#include "marty/base/error.hpp"

namespace marty::service {
namespace {

// application/grpc, and application/grpc+proto: gRPC-Web is another type.
bool is_grpc(const http::Request& request) {
  constexpr std::string_view kType = "application/grpc";
  const std::string_view type = request.header("content-type");
  return http::header_name_equals(type.substr(0, kType.size()), kType) &&
         (type.size() == kType.size() || type[kType.size()] != '-');
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
