// protoc-gen-marty: a plugin of protoc (protoc --marty_out=FOLDER). See generator.hpp.
#include <google/protobuf/compiler/plugin.h>

#include "generator.hpp"

int main(int argc, char** argv) {
  const marty::grpc::protoc::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
