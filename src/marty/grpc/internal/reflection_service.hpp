// grpc.reflection.v1 and v1alpha: the services of an application and their descriptors, for tools such as grpcurl.
#pragma once

namespace marty::web {
class App;
}

namespace marty::grpc::internal {

class GrpcProtocol;

void add_reflection_services(web::App& app, GrpcProtocol& protocol);

}  // namespace marty::grpc::internal
