#include "marty/grpc/internal/reflection_service.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>

#include "marty/base/bytes.hpp"
#include "marty/base/error.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/grpc_protocol.hpp"
#include "marty/grpc/internal/mapping.hpp"
#include "marty/reflect/type_of.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

constexpr runtime::Duration kPatience = std::chrono::seconds(30);  // with a caller that asks nothing

// The messages of the protocol, the same in both versions. Of each group of std::optionals one is set (a oneof).
struct ExtensionRequest {
  std::string containing_type;
  std::int32_t extension_number = 0;
};
struct ReflectionRequest {
  std::string host;
  std::optional<std::string> file_by_filename;
  std::optional<std::string> file_containing_symbol;
  std::optional<ExtensionRequest> file_containing_extension;
  std::optional<std::string> all_extension_numbers_of_type;
  std::optional<std::string> list_services;
};
struct FileDescriptors {
  std::vector<Bytes> file_descriptor_proto;
};
struct ExtensionNumbers {
  std::string base_type_name;
  std::vector<std::int32_t> extension_number;
};
struct ServiceName {
  std::string name;
};
struct ServiceNames {
  std::vector<ServiceName> service;
};
struct ErrorReply {
  std::int32_t error_code = 0;
  std::string error_message;
};
struct ReflectionResponse {
  std::string valid_host;
  ReflectionRequest original_request;
  std::optional<FileDescriptors> file_descriptor_response;
  std::optional<ExtensionNumbers> all_extension_numbers_response;
  std::optional<ServiceNames> list_services_response;
  std::optional<ErrorReply> error_response;
};

// The program's own types, and those that Marty brings.
const DescriptorPool* const* pools(std::size_t& count) {
  static const DescriptorPool* const all[] = {DescriptorPool::generated_pool(), &builtin_pool()};
  count = std::size(all);
  return all;
}

template <class T, class Find>
const T* find(Find&& find_in) {
  std::size_t count = 0;
  const DescriptorPool* const* const all = pools(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const T* const found = find_in(*all[i])) return found;
  }
  return nullptr;
}

void collect(const FileDescriptor& file, std::set<const FileDescriptor*>& seen, FileDescriptors& files) {
  if (!seen.insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files.file_descriptor_proto.emplace_back(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) collect(*file.dependency(i), seen, files);
}

// A file and all that it imports.
FileDescriptors files_of(const FileDescriptor* file, const std::string& what) {
  if (file == nullptr) throw Error(Code::not_found, what + " is not known here");
  FileDescriptors files;
  std::set<const FileDescriptor*> seen;
  collect(*file, seen, files);
  return files;
}

FileDescriptors files_with_extension(const ExtensionRequest& request) {
  const FieldDescriptor* const extension = find<FieldDescriptor>([&](const DescriptorPool& pool) {
    const Descriptor* const type = pool.FindMessageTypeByName(request.containing_type);
    return type != nullptr ? pool.FindExtensionByNumber(type, request.extension_number) : nullptr;
  });
  return files_of(extension != nullptr ? extension->file() : nullptr,
                  "extension " + std::to_string(request.extension_number) + " of " + request.containing_type);
}

ExtensionNumbers extensions_of(const std::string& type_name) {
  ExtensionNumbers numbers{type_name, {}};
  const Descriptor* const type =
      find<Descriptor>([&](const DescriptorPool& pool) { return pool.FindMessageTypeByName(type_name); });
  if (type == nullptr) throw Error(Code::not_found, type_name + " is not known here");
  std::vector<const FieldDescriptor*> extensions;
  type->file()->pool()->FindAllExtensions(type, &extensions);
  for (const FieldDescriptor* const extension : extensions) numbers.extension_number.push_back(extension->number());
  return numbers;
}

void answer(const ReflectionRequest& request, const std::vector<std::string>& services, ReflectionResponse& response) {
  if (request.list_services) {
    ServiceNames& names = response.list_services_response.emplace();
    for (const std::string& name : services) names.service.push_back({name});
  } else if (request.file_by_filename) {
    const std::string& name = *request.file_by_filename;
    const auto by_name = [&](const DescriptorPool& pool) { return pool.FindFileByName(name); };
    response.file_descriptor_response = files_of(find<FileDescriptor>(by_name), name);
  } else if (request.file_containing_symbol) {
    const std::string& symbol = *request.file_containing_symbol;
    const auto by_symbol = [&](const DescriptorPool& pool) { return pool.FindFileContainingSymbol(symbol); };
    response.file_descriptor_response = files_of(find<FileDescriptor>(by_symbol), symbol);
  } else if (request.file_containing_extension) {
    response.file_descriptor_response = files_with_extension(*request.file_containing_extension);
  } else if (request.all_extension_numbers_of_type) {
    response.all_extension_numbers_response = extensions_of(*request.all_extension_numbers_of_type);
  } else {
    throw Error(Code::invalid_argument, "the request asks for nothing");
  }
}

class ReflectionHandler final : public MethodHandler {
 public:
  ReflectionHandler(const std::string& package, GrpcProtocol& protocol)
      : MethodHandler(builtin_prototype(package + ".ServerReflectionRequest"),
                      builtin_prototype(package + ".ServerReflectionResponse")),
        protocol_(protocol),
        in_(reflect::type_of<ReflectionRequest>(), *request.GetDescriptor(), Purpose::request),
        out_(reflect::type_of<ReflectionResponse>(), *response.GetDescriptor(), Purpose::reply) {}

 private:
  void run(web::Exchange&, CallDriver& driver) override {
    const std::unique_ptr<Message> question(request.New());
    while (read(driver, *question)) {
      ReflectionResponse reply;
      Problems problems;
      in_.read(*question, &reply.original_request, {}, problems);
      reply.valid_host = reply.original_request.host;
      try {
        answer(reply.original_request, protocol_.services(), reply);
      } catch (const Error& error) {
        reply.error_response = {static_cast<std::int32_t>(error.code()), error.message()};
      }
      const std::unique_ptr<Message> message(response.New());
      out_.write(&reply, *message);
      driver.sink().write(*message);
    }
    driver.finish();
  }

  // Whoever asks nothing keeps no place of a request for ever.
  static bool read(CallDriver& driver, Message& question) {
    const runtime::DeadlineScope scope(kPatience);
    return driver.source().read(question);
  }

  GrpcProtocol& protocol_;
  const ObjectMapping in_;
  const ObjectMapping out_;
};

constexpr Method kMethods[] = {{"grpc.reflection.v1.ServerReflection", "ServerReflectionInfo",
                                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "What this server offers",
                                MethodKind::bidi_streaming},
                               {"grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo",
                                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                "What this server offers", MethodKind::bidi_streaming}};

}  // namespace

void add_reflection_services(web::App& app, GrpcProtocol& protocol) {
  for (const Method& method : kMethods) {
    const std::string package(method.service.substr(0, method.service.rfind('.')));
    std::vector<std::pair<Method, std::unique_ptr<MethodHandler>>> methods;
    methods.emplace_back(method, std::make_unique<ReflectionHandler>(package, protocol));
    add_api(app, method.service, std::move(methods), {}).hidden().sampling(0);  // as /openapi.json is
  }
}

}  // namespace marty::grpc::internal
