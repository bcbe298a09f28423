// Details of errors as messages of protobuf (google.rpc.Status).
//
//   throw grpc::with_detail(Error(Code::resource_exhausted, "no more of those"), out_of_stock);
//
//   catch (const Error& error) {
//     if (const auto detail = grpc::find_detail<OutOfStock>(error)) ...
//   }
//
// An error without details of its own is sent with those that follow from it: its fields (google.rpc.BadRequest), and a
// reason, the service and the correlation id (google.rpc.ErrorInfo).
#pragma once

#include <optional>

#include "marty/base/error.hpp"

namespace google::protobuf {
class Message;
}

namespace marty::grpc {

namespace internal {
bool find_detail(const Error& error, google::protobuf::Message& detail);
}  // namespace internal

Error with_detail(const Error& error, const google::protobuf::Message& detail);

// The first detail of that type; nothing where there is none.
template <class Detail>
std::optional<Detail> find_detail(const Error& error) {
  Detail detail;
  if (!internal::find_detail(error, detail)) return std::nullopt;
  return detail;
}

}  // namespace marty::grpc
