// grpc.health.v1.Health: the state of the service's health, for those who ask by gRPC (the gRPC health checking
// protocol). SERVING while the service is ready; the same for each of its services by name.
#pragma once

namespace marty::web {
class App;
}

namespace marty::grpc::internal {

class GrpcProtocol;

// REQUIRES that the application provides a health::Health.
void add_health_service(web::App& app, GrpcProtocol& protocol);

}  // namespace marty::grpc::internal
