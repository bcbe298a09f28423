// gRPC's own C++ server, on one core: bench_grpc_grpcpp_server PORT callback|sync.
#include <grpcpp/grpcpp.h>

#include <string>
#include <string_view>

#include "greeter.grpc.pb.h"

namespace {

void hello(const bench::v1::HelloRequest& request, bench::v1::HelloReply& reply) {
  reply.set_message("Hello, " + request.name());
  reply.set_id(request.id());
}

class SyncGreeter final : public bench::v1::Greeter::Service {
  grpc::Status SayHello(grpc::ServerContext*, const bench::v1::HelloRequest* request,
                        bench::v1::HelloReply* reply) override {
    hello(*request, *reply);
    return grpc::Status::OK;
  }
  grpc::Status Download(grpc::ServerContext*, const bench::v1::StreamRequest* request,
                        grpc::ServerWriter<bench::v1::Chunk>* writer) override {
    bench::v1::Chunk chunk;
    chunk.mutable_content()->assign(static_cast<std::size_t>(request->bytes()), 'x');
    for (int i = 0; i < request->messages(); ++i) writer->Write(chunk);
    return grpc::Status::OK;
  }
};

class Download final : public grpc::ServerWriteReactor<bench::v1::Chunk> {
 public:
  explicit Download(const bench::v1::StreamRequest& request) : left_(request.messages()) {
    chunk_.mutable_content()->assign(static_cast<std::size_t>(request.bytes()), 'x');
    next();
  }
  void OnWriteDone(bool ok) override { ok ? next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void next() {
    if (left_-- > 0) {
      StartWrite(&chunk_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  int left_;
  bench::v1::Chunk chunk_;
};

class CallbackGreeter final : public bench::v1::Greeter::CallbackService {
  grpc::ServerUnaryReactor* SayHello(grpc::CallbackServerContext* context, const bench::v1::HelloRequest* request,
                                     bench::v1::HelloReply* reply) override {
    hello(*request, *reply);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<bench::v1::Chunk>* Download(grpc::CallbackServerContext*,
                                                       const bench::v1::StreamRequest* request) override {
    return new ::Download(*request);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  SyncGreeter sync;
  CallbackGreeter callback;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
  if (argv[2] == std::string_view("sync")) {
    builder.RegisterService(&sync);
  } else {
    builder.RegisterService(&callback);
  }
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
