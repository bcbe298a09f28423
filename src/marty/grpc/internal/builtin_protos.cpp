#include "marty/grpc/internal/builtin_protos.hpp"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>
#include <string>

#include "embedded/proto_files.hpp"
#include "marty/base/check.hpp"
#include "marty/compress/compress.hpp"

namespace marty::grpc::internal {
namespace {

// What protobuf says on stderr of bytes that are none of its messages, any caller can cause. It comes as an Error too.
[[maybe_unused]] const bool kIsSilenced = [] {
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel level, const char* file, int line, const std::string& text) {
        if (level == google::protobuf::LOGLEVEL_FATAL) std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
      });
  return true;
}();

// Immutable once made.
struct Builtin {
  Builtin() {
    for (const EmbeddedFile& file : proto_files()) add(file);
  }
  void add(const EmbeddedFile& file) {
    const std::string text =
        file.encoding == "gzip" ? compress::gunzip(file.content, file.size) : std::string(file.content);
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
    google::protobuf::FileDescriptorProto proto;
    google::protobuf::compiler::Parser parser;
    MARTY_CHECK(parser.Parse(&tokenizer, &proto));
    proto.set_name(std::string(file.name));
    build(proto);
    if (proto.package() != "grpc.reflection.v1") return;
    // The same under the name that it had before it was stable, which tools still ask for.
    proto.set_package("grpc.reflection.v1alpha");
    proto.set_name("grpc/reflection/v1alpha/reflection.proto");
    build(proto);
  }
  void build(const google::protobuf::FileDescriptorProto& proto) { MARTY_CHECK(pool.BuildFile(proto) != nullptr); }
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory;
};

Builtin& builtin() {
  static Builtin built;
  return built;
}

}  // namespace

const google::protobuf::DescriptorPool& builtin_pool() { return builtin().pool; }

const google::protobuf::Descriptor& builtin_message(std::string_view name) {
  const auto* const found = builtin().pool.FindMessageTypeByName(std::string(name));
  MARTY_CHECK(found != nullptr);
  return *found;
}

const google::protobuf::Message& builtin_prototype(std::string_view name) {
  return *builtin().factory.GetPrototype(&builtin_message(name));
}

std::unique_ptr<google::protobuf::Message> new_builtin_message(std::string_view name) {
  return std::unique_ptr<google::protobuf::Message>(builtin_prototype(name).New());
}

}  // namespace marty::grpc::internal
