// PortHandler: what a port takes where gRPC has one of its own. gRPC-Web and Connect are for browsers, and so on the
// HTTP port.
#pragma once

#include <string>

#include "marty/http/message.hpp"

namespace marty::service {

class PortHandler final : public http::Handler {
 public:
  enum class Serves { all_but_grpc, grpc };
  PortHandler(http::Handler& handler, Serves serves) : handler_(handler), serves_(serves) {}
  void handle(http::Request& request, http::Response& response) override;
  void refuse(http::Request& request, http::Response& response, const Error& refusal) override {
    handler_.refuse(request, response, refusal);
  }
  std::string name_of(const http::Request& request) override { return handler_.name_of(request); }

 private:
  http::Handler& handler_;
  const Serves serves_;
};

}  // namespace marty::service
