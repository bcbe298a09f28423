// The TLS layer alone, for bench/tls, on one loop: "GET /N" gets N bytes, and a client that only shakes hands nothing.
// What a client sends without asking is read to its end.
//
//   bench_tls PORT CERTIFICATE KEY
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/tls.hpp"

namespace {

using namespace marty;

const std::string kContent(1 << 20, 'x');

void send(runtime::Socket& socket, std::size_t bytes) {
  socket.write({"HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\n"});
  while (bytes != 0) {
    const std::string_view piece = std::string_view(kContent).substr(0, bytes);
    socket.write({piece});
    bytes -= piece.size();
  }
}

void serve(runtime::Socket& socket) {
  std::string buffer(64 << 10, '\0');
  for (;;) {
    const std::string_view read(buffer.data(), socket.read_some(buffer));
    if (read.empty()) return;
    std::size_t bytes = 0;
    if (!read.starts_with("GET /")) continue;
    std::from_chars(read.data() + 5, read.data() + read.size(), bytes);
    return send(socket, bytes);
  }
}

class Client final : public runtime::FiberJob {
 public:
  Client(const tls::ServerContext& context, runtime::Socket socket) : context_(context), socket_(std::move(socket)) {}
  void run() override {
    try {
      tls::Session session = context_.accept(std::move(socket_));
      serve(session.socket);
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) std::fprintf(stderr, "%s\n", error.what());
    }
  }
  void finished() noexcept override { delete this; }

 private:
  const tls::ServerContext& context_;
  runtime::Socket socket_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  runtime::World::real({.loops = 1})->run([&] {
    const tls::ServerContext context({.certificates = {{argv[2], argv[3]}}});
    runtime::Listener listener = runtime::listen(runtime::Address::parse("127.0.0.1:" + std::string(argv[1])));
    std::printf("listening %s\n", argv[1]);
    std::fflush(stdout);
    for (;;) runtime::Loop::current().launch(*new Client(context, listener.accept()));
  });
}
