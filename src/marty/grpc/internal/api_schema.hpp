// What a method reads and answers, for the OpenAPI document of its application: as JSON in the Connect protocol, by
// which anything that speaks HTTP can call it. The JSON of a message is that of protobuf:
// https://protobuf.dev/programming-guides/json/
#pragma once

#include "marty/grpc/api.hpp"
#include "marty/json/schema.hpp"

namespace google::protobuf {
class Descriptor;
}

namespace marty::grpc::internal {

// "requestBody" (asked by GET: "parameters") and "responses", and the service as the tag where there is none.
void describe_method(const MethodHandler& handler, http::Method verb, json::Schemas& schemas, json::Value& operation);

// {"$ref": "#/components/schemas/shop.v1.Pet"}, or in place what a well-known type is.
json::Value message_schema(const google::protobuf::Descriptor& type, json::Schemas& schemas);

}  // namespace marty::grpc::internal
