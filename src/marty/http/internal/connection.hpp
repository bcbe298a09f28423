// Connection: one client of a server. Idle, it is this object and its socket; a readable socket starts a fiber that
// serves until nothing more has arrived. A client that turns out to speak HTTP/2 gets a session, which has a fiber for
// each of its requests.
#pragma once

#include <memory>
#include <utility>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"

namespace marty::tls {
struct Identity;
}

namespace marty::http::internal {

class Http2Server;
class LoopServer;
struct Scratch;

class Connection final : public runtime::FiberJob, public runtime::ReadableCallback {
 public:
  Connection(LoopServer& server, runtime::Socket socket);
  ~Connection();

  void on_readable() noexcept override;  // starts the fiber
  void run() override;
  void finished() noexcept override;  // parks, or destroys this

  runtime::Socket& socket() noexcept { return socket_; }
  const runtime::Address& peer() const noexcept { return peer_; }
  bool is_secure() const noexcept { return secure_; }
  const std::shared_ptr<const tls::Identity>& client() const noexcept { return client_; }

 private:
  friend class ConnectionList;
  friend class LoopServer;

  bool shake_hands();
  void cancel() noexcept;  // may destroy this
  void tick(runtime::TimePoint now) noexcept;
  void start_http2() noexcept;

  LoopServer& server_;
  runtime::Socket socket_;
  Connection* previous_ = nullptr;  // in the list of the idle or of the active
  Connection* next_ = nullptr;
  runtime::Fiber* fiber_ = nullptr;
  runtime::TimePoint idle_since_{};
  runtime::Address peer_;
  std::unique_ptr<Http2Server> http2_;
  std::shared_ptr<const tls::Identity> client_;  // shared with its requests
  Scratch* handed_over_ = nullptr;               // from the fiber to the session: what has arrived
  bool is_http2_ = false;
  bool secure_ = false;  // by a handshake
  bool fresh_ = true;    // no request yet
  bool active_ = false;  // in the list of the active
};

// Connections in order of arrival; owns nothing.
class ConnectionList {
 public:
  Connection* first() const noexcept { return first_; }
  void push_back(Connection& connection) noexcept;
  void remove(Connection& connection) noexcept;
  // `visit` may destroy what it is given.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Connection* connection = first_; connection != nullptr;) visit(*std::exchange(connection, connection->next_));
  }

 private:
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
};

}  // namespace marty::http::internal
