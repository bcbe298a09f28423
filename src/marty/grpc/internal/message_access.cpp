#include "marty/grpc/internal/message_access.hpp"

namespace marty::grpc::internal {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Integer integer_of(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const auto from_signed = [](std::int64_t value) {
    return value < 0 ? Integer{true, -static_cast<std::uint64_t>(value)}
                     : Integer{false, static_cast<std::uint64_t>(value)};
  };
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return from_signed(one ? reflection.GetInt32(message, &field)
                             : reflection.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return from_signed(one ? reflection.GetInt64(message, &field)
                             : reflection.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return {false,
              one ? reflection.GetUInt32(message, &field) : reflection.GetRepeatedUInt32(message, &field, index)};
    default:
      return {false,
              one ? reflection.GetUInt64(message, &field) : reflection.GetRepeatedUInt64(message, &field, index)};
  }
}

void set_integer(Message& message, const FieldDescriptor& field, std::int64_t value, bool add) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return add ? reflection.AddInt32(&message, &field, static_cast<std::int32_t>(value))
                 : reflection.SetInt32(&message, &field, static_cast<std::int32_t>(value));
    case FieldDescriptor::CPPTYPE_INT64:
      return add ? reflection.AddInt64(&message, &field, value) : reflection.SetInt64(&message, &field, value);
    case FieldDescriptor::CPPTYPE_UINT32:
      return add ? reflection.AddUInt32(&message, &field, static_cast<std::uint32_t>(value))
                 : reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(value));
    default:
      return add ? reflection.AddUInt64(&message, &field, static_cast<std::uint64_t>(value))
                 : reflection.SetUInt64(&message, &field, static_cast<std::uint64_t>(value));
  }
}

double number_of(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    return index < 0 ? reflection.GetFloat(message, &field) : reflection.GetRepeatedFloat(message, &field, index);
  }
  return index < 0 ? reflection.GetDouble(message, &field) : reflection.GetRepeatedDouble(message, &field, index);
}

void set_number(Message& message, const FieldDescriptor& field, double value, bool add) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    add ? reflection.AddFloat(&message, &field, static_cast<float>(value))
        : reflection.SetFloat(&message, &field, static_cast<float>(value));
  } else {
    add ? reflection.AddDouble(&message, &field, value) : reflection.SetDouble(&message, &field, value);
  }
}

std::string string_of(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetString(message, &field) : reflection.GetRepeatedString(message, &field, index);
}

void set_string(Message& message, const FieldDescriptor& field, std::string value, bool add) {
  const Reflection& reflection = *message.GetReflection();
  add ? reflection.AddString(&message, &field, std::move(value))
      : reflection.SetString(&message, &field, std::move(value));
}

const Message& message_of(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index);
}

Message& mutable_message(Message& message, const FieldDescriptor& field, bool add) {
  const Reflection& reflection = *message.GetReflection();
  return add ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field);
}

}  // namespace marty::grpc::internal
