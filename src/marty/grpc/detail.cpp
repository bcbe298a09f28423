#include "marty/grpc/detail.hpp"

#include <google/protobuf/message.h>

namespace marty::grpc {

Error with_detail(const Error& error, const google::protobuf::Message& detail) {
  return error.with_detail({detail.GetTypeName(), detail.SerializeAsString()});
}

bool internal::find_detail(const Error& error, google::protobuf::Message& detail) {
  for (const ErrorDetail& each : error.details()) {
    if (each.type == detail.GetTypeName() && detail.ParseFromString(each.content)) return true;
  }
  return false;
}

}  // namespace marty::grpc
