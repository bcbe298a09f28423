// The HTTP server: HTTP/1.1 (RFC 9110, RFC 9112) and HTTP/2 (RFC 9113) on the loops of the current world, on one port:
// a client that begins with the preface of HTTP/2 gets that. An idle connection holds no stack and no buffer; requests
// that arrive together are answered with one write.
//
//   http::Server server(handler, {.address = Address::parse("127.0.0.1:8080")});
//   server.start();                       // listens on every loop; throws when the port is taken
//   ...
//   server.drain(10s);                    // finish what is in flight, close the idle, refuse the new; then it is
//   stopped
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "marty/http/message.hpp"

namespace marty::runtime {
class Event;
}
namespace marty::telemetry {
class Logging;
}
namespace marty::tls {
class ServerContext;
}

namespace marty::http {

struct ServerLimits {
  std::size_t request_line_bytes = 8 * 1024;  // 414
  std::size_t header_bytes = 32 * 1024;       // all headers together: 431
  std::size_t header_count = 100;             // 431
  std::size_t body_bytes = 16 << 20;          // 413
  std::size_t connections = 100'000;          // all loops together; one more gets 503 and is closed
  // Requests being handled, all loops together; one more gets 503. Those that wait for their bodies are counted apart,
  // with the same limit: one more, and the one that has waited the longest is ended.
  std::size_t in_flight = 10'000;
  // From the first byte of a request to its last header: 408. A head of HTTP/2, or a preface, that takes longer ends
  // its connection.
  runtime::Duration header_timeout = std::chrono::seconds(10);
  // How long a handler waits for a body on the whole, beyond the time that its bytes take at the least rate (bytes a
  // second; 0: any): 408. A stream of messages may come as slowly as it likes.
  runtime::Duration body_timeout = std::chrono::seconds(30);
  std::size_t body_rate_bytes = 512;
  runtime::Duration write_timeout = std::chrono::seconds(30);  // a client that takes nothing for that long is cut
  runtime::Duration idle_timeout = std::chrono::seconds(75);   // keep-alive
  // Of a drain: how long a kept connection still waits for a request that is on its way, and one that was ended for its
  // client to notice. At most a quarter of what the drain may take.
  runtime::Duration drain_grace = std::chrono::milliseconds(500);

  std::size_t http2_streams = 128;                      // at a time, of one connection; one more is refused
  std::size_t http2_stream_window_bytes = 256 << 10;    // of a body that nobody has read yet
  std::size_t http2_connection_window_bytes = 1 << 20;  // the same of all bodies of a connection
  runtime::Duration http2_ping_interval =
      std::chrono::seconds(60);                                     // after so much silence beside open streams; 0: off
  runtime::Duration http2_ping_timeout = std::chrono::seconds(20);  // of the answer; then the connection is cut
};

struct ServerOptions {
  runtime::Address address = runtime::Address::ip("127.0.0.1", 8080);
  ServerLimits limits;
  bool http1 = true;  // false: clients have to know that this is HTTP/2
  bool http2 = true;
  // HTTPS; the versions are those of its ALPN, "h2" and "http/1.1". Must outlive the server.
  const tls::ServerContext* tls = nullptr;
  // Of handshakes that failed, connections refused, requests that ignore their end; null: stderr. Must outlive the
  // server.
  telemetry::Logging* logging = nullptr;
};

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over a limit: of the options, or of descriptors
  std::uint64_t requests = 0;
  std::uint64_t requests_in_flight = 0;
  std::uint64_t requests_malformed = 0;  // answered 4xx by the parser
  std::uint64_t handshakes_failed = 0;   // of TLS
};

class Server {
 public:
  Server(Handler& handler, ServerOptions options);
  ~Server();  // drain(0) where it still runs
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();                      // from a fiber
  runtime::Address address() const;  // with the real port
  // From a fiber. Goes on as before, but each reply of HTTP/1.1 is the last of its connection and says so (RFC 9112
  // section 9.6), so that kept connections move on to other servers while load balancers notice that this one goes.
  void announce_drain() noexcept;
  // From a fiber. Lets nobody new in, and finishes what has begun: who has connected is served once, kept connections
  // get ServerLimits::drain_grace for a request that is on its way, replies say Connection: close (GOAWAY in HTTP/2).
  // What is not done in time, or when `hurry` is set, is cancelled. Handlers that ignore that are logged after three
  // seconds, and waited for. True when all finished by themselves.
  bool drain(runtime::Duration timeout, runtime::Event* hurry = nullptr);
  ServerStats stats() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::http
