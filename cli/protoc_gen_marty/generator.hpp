// Generator: protoc-gen-marty's code. From each service of a .proto file a struct with a slot a method, for servers,
// and its Client, in one header beside protoc's own: shop.proto gives shop.pb.h and shop.marty.hpp.
#pragma once

#include <google/protobuf/compiler/code_generator.h>

#include <string>

namespace marty::grpc::protoc {

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context, std::string* error) const override;
  std::uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

// "GetPet" -> "get_pet", "HTTPGet" -> "http_get"; a word of C++ gets a '_' behind it.
std::string function_name(const std::string& method);

}  // namespace marty::grpc::protoc
