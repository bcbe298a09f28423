#include "marty/grpc/api.hpp"

#include <google/protobuf/message.h>

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/grpc_protocol.hpp"
#include "marty/grpc/internal/server_call.hpp"
#include "marty/grpc/internal/timeout.hpp"

namespace marty::grpc {

ApiBuilder& ApiBuilder::tag(const std::string& name) {
  for (web::RouteBuilder& route : routes_) route.tag(name);
  return *this;
}

ApiBuilder& ApiBuilder::hidden() {
  for (web::RouteBuilder& route : routes_) route.hidden();
  return *this;
}

ApiBuilder& ApiBuilder::sampling(double ratio) {
  for (web::RouteBuilder& route : routes_) route.sampling(ratio);
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

// A method that nobody has written. Its messages are never looked at.
class Unimplemented final : public MethodHandler {
 public:
  Unimplemented() : MethodHandler(builtin_prototype("google.rpc.Status"), builtin_prototype("google.rpc.Status")) {}
  void invoke(web::Exchange&) override {
    throw Error(Code::unimplemented, std::string(method.path.substr(1)) + " is not implemented here");
  }

 private:
  void run(web::Exchange&, CallDriver&) override {}
};

// "shop.v1.PetStore.GetPet", as .proto files have it.
std::string method_name(const Method& method) { return std::string(method.service) + "." + std::string(method.name); }

std::string summary_of(const Method& method) {
  return method.summary.empty() ? std::string(method.path.substr(1)) : std::string(method.summary);
}

}  // namespace

json::Value MethodHandler::rules_of_request() const { return {}; }

void MethodHandler::invoke(web::Exchange& exchange) {
  ServerCall call(exchange, *this);
  throw_if_late();  // the filters may have waited
  run(exchange, call);
}

ApiBuilder add_api(web::App& app, std::string_view service,
                   std::vector<std::pair<Method, std::unique_ptr<MethodHandler>>> methods, const ApiOptions& options) {
  GrpcProtocol& protocol = GrpcProtocol::of(app);
  protocol.add_service(service);
  std::vector<web::RouteBuilder> routes;
  std::vector<std::string_view> names;
  for (auto& [method, handler] : methods) {
    const bool exists = handler != nullptr;
    if (!exists) handler = std::make_unique<Unimplemented>();
    handler->method = method;
    handler->options = options;
    MethodHandler& erased = *handler;
    routes.push_back(app.add(http::Method::post, method.path, std::move(handler), summary_of(method)));
    routes.back().belongs_to(protocol).operation_id(method_name(method));
    if (!exists) routes.back().hidden();
    if (method.kind == MethodKind::unary && method.idempotency == Idempotency::no_side_effects)
      protocol.also_by_get(routes.back(), erased);
    names.push_back(method.name);
  }
  return ApiBuilder(std::move(routes), std::move(names));
}

}  // namespace internal
}  // namespace marty::grpc
