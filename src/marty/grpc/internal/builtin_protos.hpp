// The protobuf definitions that Marty brings itself – health, reflection, status – in a pool of their own: a program
// may link another library's generated code for the same packages.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string_view>

namespace marty::grpc::internal {

const google::protobuf::DescriptorPool& builtin_pool();

// An empty message of that full name. REQUIRES that there is one.
std::unique_ptr<google::protobuf::Message> new_builtin_message(std::string_view name);
const google::protobuf::Message& builtin_prototype(std::string_view name);
const google::protobuf::Descriptor& builtin_message(std::string_view name);

}  // namespace marty::grpc::internal
