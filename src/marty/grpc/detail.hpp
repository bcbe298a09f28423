// Details of errors as messages of protobuf (google.rpc.Status).
//
//   throw grpc::with_detail(Error(Code::resource_exhausted, "no more of those"), out_of_stock);
//
//   catch (const Error& error) {
//     OutOfStock detail;
//     if (grpc::find_detail(error, detail)) ...
//   }
//
// An error without details of its own is sent with those that follow from it: its fields (google.rpc.BadRequest), and a
// reason, the service and the correlation id (google.rpc.ErrorInfo).
#pragma once

#include "marty/base/error.hpp"

namespace google::protobuf {
class Message;
}

namespace marty::grpc {

Error with_detail(const Error& error, const google::protobuf::Message& detail);
// The first detail of that type; false where there is none.
bool find_detail(const Error& error, google::protobuf::Message& detail);

}  // namespace marty::grpc
