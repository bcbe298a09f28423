#include "marty/grpc/api.hpp"

#include <google/protobuf/message.h>

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/grpc_protocol.hpp"
#include "marty/grpc/internal/server_call.hpp"

namespace marty::grpc {

ApiBuilder& ApiBuilder::tag(const std::string& name) {
  for (web::RouteBuilder& route : routes_) route.tag(name);
  return *this;
}

ApiBuilder& ApiBuilder::requires_authentication() {
  for (web::RouteBuilder& route : routes_) route.requires_authentication();
  return *this;
}

ApiBuilder& ApiBuilder::requires_permission(const std::string& permission) {
  for (web::RouteBuilder& route : routes_) route.requires_permission(permission);
  return *this;
}

web::RouteBuilder& ApiBuilder::method(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) throw Error(Code::invalid_argument, "the service has no method " + std::string(name));
  return routes_[static_cast<std::size_t>(found - names_.begin())];
}

namespace internal {
namespace {

// A method that nobody has written.
class Unimplemented final : public web::RouteHandler {
 public:
  explicit Unimplemented(const Method& method) : path_(method.path) {}
  void invoke(web::Exchange&) override { throw Error(Code::unimplemented, path_ + " is not implemented here"); }

 private:
  const std::string path_;
};

std::string summary_of(const Method& method) {
  return method.summary.empty() ? std::string(method.path.substr(1)) : std::string(method.summary);
}

}  // namespace

void MethodHandler::invoke(web::Exchange& exchange) {
  ServerCall call(exchange, *this);
  run(exchange, call);
}

ApiBuilder add_api(web::App& app, std::string_view service,
                   std::vector<std::pair<Method, std::unique_ptr<MethodHandler>>> methods, const ApiOptions& options) {
  GrpcProtocol& protocol = GrpcProtocol::of(app);
  protocol.add_service(service);
  std::vector<web::RouteBuilder> routes;
  std::vector<std::string_view> names;
  for (auto& [method, handler] : methods) {
    const bool implemented = handler != nullptr;
    if (implemented) {
      handler->method = method;
      handler->options = options;
    }
    std::unique_ptr<web::RouteHandler> erased = std::move(handler);
    if (!implemented) erased = std::make_unique<Unimplemented>(method);
    routes.push_back(app.add(http::Method::post, method.path, std::move(erased), summary_of(method)));
    routes.back().belongs_to(protocol).hidden();
    names.push_back(method.name);
  }
  return ApiBuilder(std::move(routes), std::move(names));
}

}  // namespace internal
}  // namespace marty::grpc
