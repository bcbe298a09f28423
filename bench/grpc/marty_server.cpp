// Marty as a user would write it, on one core: bench_grpc_marty_server PORT.
#include <cstdlib>

#include "greeter.marty.hpp"
#include "marty/service/service.hpp"

namespace {

bench::v1::HelloReply say_hello(const bench::v1::HelloRequest& request) {
  bench::v1::HelloReply reply;
  reply.set_message("Hello, " + request.name());
  reply.set_id(request.id());
  return reply;
}

void download(const bench::v1::StreamRequest& request, marty::grpc::Writer<bench::v1::Chunk>& chunks) {
  bench::v1::Chunk chunk;
  chunk.mutable_content()->assign(static_cast<std::size_t>(request.bytes()), 'x');
  for (int i = 0; i < request.messages(); ++i) chunks.write(chunk);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  setenv("MARTY_SERVER__HTTP_PORT", argv[1], 1);
  setenv("MARTY_SERVER__LOOPS", "1", 0);
  setenv("MARTY_LOGGING__LEVEL", "warning", 1);
  marty::Service service("bench", 1, argv);
  service.grpc(bench::v1::Greeter{.say_hello = say_hello, .download = download});
  return service.run();
}
