// For the tests of server and client: both worlds, handlers from lambdas, and a client that sends bytes as they are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/http/server.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/internal/test_support.hpp"

namespace marty::http::internal {

class LambdaHandler final : public Handler {
 public:
  explicit LambdaHandler(std::function<void(Request&, Response&)> function) : function_(std::move(function)) {}
  void handle(Request& request, Response& response) override { function_(request, response); }

 private:
  std::function<void(Request&, Response&)> function_;
};

inline void hello(Request&, Response& response) { response.set_body("hello", "text/plain"); }
inline void echo(Request& request, Response& response) { response.set_body(request.body(), "text/plain"); }

using tls::internal::error_of;
using tls::internal::kBothWorlds;
using tls::internal::run_in;
using tls::internal::world_name;
using tls::internal::WorldKind;
using tls::internal::WorldTest;

// A server on a free port of the current world, with its handler.
struct TestServer {
  explicit TestServer(std::function<void(Request&, Response&)> function, ServerLimits limits = {},
                      ServerOptions options = {})
      : handler(std::move(function)), server(handler, complete(options, limits)) {
    server.start();
  }
  static ServerOptions complete(ServerOptions options, const ServerLimits& limits) {
    options.address = runtime::Address::ip("127.0.0.1", 0);
    options.limits = limits;
    return options;
  }
  LambdaHandler handler;
  Server server;
};

// A connection that sends and receives bytes. Every read gives up after ten seconds of the world's time.
class RawClient {
 public:
  explicit RawClient(const runtime::Address& address) : socket_(runtime::connect(address)) {}

  void send(std::string_view bytes) { socket_.write({bytes}); }
  void send_in_pieces(std::string_view bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      send(bytes.substr(at, piece));
      runtime::yield();
    }
  }
  void finish_sending() { socket_.shutdown_write(); }
  // Until the server closes.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }
  // Up to and including `end`; what follows stays for the next call. What came where the server closes before.
  std::string read_until(std::string_view end) {
    std::size_t found = received_.find(end);
    while (found == std::string::npos && read_more()) found = received_.find(end);
    if (found == std::string::npos) return std::exchange(received_, {});
    std::string result = received_.substr(0, found + end.size());
    received_.erase(0, result.size());
    return result;
  }
  bool read_more() {
    const runtime::DeadlineScope scope(std::chrono::seconds(10));
    char buffer[16 * 1024];
    const std::size_t size = socket_.read_some(buffer);
    received_.append(buffer, size);
    return size != 0;
  }
  void close() { socket_.close(); }
  runtime::Socket& socket() { return socket_; }

 private:
  runtime::Socket socket_;
  std::string received_;
};

// Sends `bytes`, closes that direction, and returns all that came back.
inline std::string talk(const runtime::Address& address, std::string_view bytes, std::size_t piece = ~std::size_t{0}) {
  RawClient client(address);
  if (piece >= bytes.size()) {
    client.send(bytes);
  } else {
    client.send_in_pieces(bytes, piece);
  }
  client.finish_sending();
  return client.read_to_end();
}

inline std::string url_of(const runtime::Address& address, std::string_view target = "/") {
  return "http://" + address.to_string() + std::string(target);
}

inline std::string without_date(std::string reply) {
  for (std::size_t at = reply.find("Date: "); at != std::string::npos; at = reply.find("Date: ", at)) {
    reply.erase(at, reply.find("\r\n", at) + 2 - at);
  }
  return reply;
}

}  // namespace marty::http::internal
