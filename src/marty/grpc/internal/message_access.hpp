// The fields of a message by their descriptors, one or the element of a repeated one, whatever their width: a thin
// front of protobuf's Reflection. `index` < 0: the field is not repeated. `add`: appends to a repeated field.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>

namespace marty::grpc::internal {

// Any of protobuf's integers.
struct Integer {
  bool negative;
  std::uint64_t magnitude;
};

Integer integer_of(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index);
void set_integer(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, std::int64_t value,
                 bool add);  // a std::uint64_t as its two's complement
double number_of(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index);
void set_number(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, double value,
                bool add);
std::string string_of(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                      int index);  // bytes, too
void set_string(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, std::string value,
                bool add);
const google::protobuf::Message& message_of(const google::protobuf::Message& message,
                                            const google::protobuf::FieldDescriptor& field, int index);
google::protobuf::Message& mutable_message(google::protobuf::Message& message,
                                           const google::protobuf::FieldDescriptor& field, bool add);

}  // namespace marty::grpc::internal
