// GrpcProtocol: gRPC, gRPC-Web and Connect on an application's routes: deadlines around calls, errors as their callers
// read them, and what every server of gRPC offers besides: reflection, and the state of its health where the service
// tells it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/grpc/api.hpp"
#include "marty/grpc/internal/format.hpp"
#include "marty/web/protocol.hpp"

namespace marty::grpc::internal {

class GrpcProtocol final : public web::Protocol {
 public:
  static constexpr std::string_view kName = "grpc";
  // Of the application, made on first use.
  static GrpcProtocol& of(web::App& app);

  std::string_view name() const noexcept override { return kName; }
  void complete(web::App& app) override;
  void run(web::Exchange& exchange, const web::Next& next) override;
  bool claims(const http::Request& request) const noexcept override;
  void write_error(web::Exchange& exchange, const Error& error) override;
  std::span<const std::string_view> systems() const noexcept override;
  std::size_t system_of(const http::Request& request) const noexcept override;
  std::string status_name(std::size_t system, Code code) const override;
  void describe(const web::Route& route, json::Schemas& schemas, json::Value& operation) const override;

  void add_service(std::string_view name) { services_.emplace_back(name); }
  const std::vector<std::string>& services() const noexcept { return services_; }  // full names

  // Asked by GET as well (Connect), once everything is known that the route requires.
  void also_by_get(const web::RouteBuilder& post, MethodHandler& method) { by_get_.emplace_back(post, &method); }

 private:
  void add_get_routes(web::App& app);
  std::vector<std::pair<web::RouteBuilder, MethodHandler*>> by_get_;
  std::vector<std::string> services_;
  bool completed_ = false;
};

}  // namespace marty::grpc::internal
