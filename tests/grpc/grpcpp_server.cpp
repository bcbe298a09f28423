// The server of gRPC's interoperability cases with grpc++: grpcpp_server [--certificate FILE --key FILE
// [--client-ca FILE]]. Says "serves PORT" and serves until it is told to stop.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "interop.grpc.pb.h"

uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);  // of libgrpc, for just this purpose

namespace grpc::testing {

// A friend of contexts, which do not tell otherwise how a message came.
class InteropServerContextInspector {
 public:
  static bool was_compressed(const ServerContext& context) {
    constexpr uint32_t kCompressed = 0x80000000u, kWasCompressed = 0x40000000u;
    return (grpc_call_test_only_get_message_flags(context.call_.call) & (kCompressed | kWasCompressed)) != 0;
  }
};

}  // namespace grpc::testing

namespace {

using namespace grpc::testing;
using grpc::ServerContext;
using grpc::Status;

void echo_metadata(ServerContext& context) {
  constexpr const char *kInitial = "x-grpc-test-echo-initial", *kTrailing = "x-grpc-test-echo-trailing-bin";
  const auto& metadata = context.client_metadata();
  const auto text = [](grpc::string_ref value) { return std::string(value.data(), value.size()); };
  if (const auto found = metadata.find(kInitial); found != metadata.end())
    context.AddInitialMetadata(kInitial, text(found->second));
  if (const auto found = metadata.find(kTrailing); found != metadata.end())
    context.AddTrailingMetadata(kTrailing, text(found->second));
}

Status status_of(const EchoStatus& wanted) {
  return wanted.code() == 0 ? Status::OK : Status(static_cast<grpc::StatusCode>(wanted.code()), wanted.message());
}

template <class Request>
Status check_compression(const Request& request, const ServerContext& context) {
  if (!request.has_expect_compressed()) return Status::OK;
  const bool compressed = InteropServerContextInspector::was_compressed(context);
  if (compressed == request.expect_compressed().value()) return Status::OK;
  return {grpc::StatusCode::INVALID_ARGUMENT, compressed ? "the message is compressed" : "the message is not"};
}

class Service final : public TestService::Service {
  Status EmptyCall(ServerContext*, const Empty*, Empty*) override { return Status::OK; }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    echo_metadata(*context);
    if (const Status refused = check_compression(*request, *context); !refused.ok()) return refused;
    if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    response->mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(request->response_size()), '\0');
    return status_of(request->response_status());
  }

  template <class Stream>
  static void write_outputs(const StreamingOutputCallRequest& request, Stream& stream) {
    for (const ResponseParameters& parameters : request.response_parameters()) {
      StreamingOutputCallResponse response;
      response.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(parameters.size()), '\0');
      grpc::WriteOptions options;
      if (!parameters.compressed().value()) options.set_no_compression();
      stream.Write(response, options);
    }
  }

  Status StreamingOutputCall(ServerContext* context, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* stream) override {
    context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    write_outputs(*request, *stream);
    return status_of(request->response_status());
  }

  Status StreamingInputCall(ServerContext* context, grpc::ServerReader<StreamingInputCallRequest>* stream,
                            StreamingInputCallResponse* response) override {
    int sum = 0;
    StreamingInputCallRequest request;
    while (stream->Read(&request)) {
      if (const Status refused = check_compression(request, *context); !refused.ok()) return refused;
      sum += static_cast<int>(request.payload().body().size());
    }
    response->set_aggregated_payload_size(sum);
    return Status::OK;
  }

  Status FullDuplexCall(
      ServerContext* context,
      grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    echo_metadata(*context);
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (const Status status = status_of(request.response_status()); !status.ok()) return status;
      write_outputs(request, *stream);
    }
    return Status::OK;
  }
};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::shared_ptr<grpc::ServerCredentials> credentials(int argc, char** argv) {
  std::map<std::string, std::string> files;
  for (int i = 1; i + 1 < argc; i += 2) files[argv[i]] = argv[i + 1];
  if (files.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({read(files["--key"]), read(files["--certificate"])});
  if (files.contains("--client-ca")) {
    options.pem_root_certs = read(files["--client-ca"]);
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", credentials(argc, argv), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return 1;
  std::printf("serves %d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
}
