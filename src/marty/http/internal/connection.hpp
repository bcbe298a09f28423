// Connection: one client of a server. Idle, it is this object and its socket; a readable socket starts a fiber that
// serves until nothing more has arrived. A client that turns out to speak HTTP/2 gets a session, which has a fiber for
// each of its requests.
#pragma once

#include <memory>
#include <utility>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"

namespace marty::http {
struct Request;
}
namespace marty::tls {
struct Identity;
}

namespace marty::http::internal {

class ConnectionList;
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
  std::string title() const override;

  runtime::Socket& socket() noexcept { return socket_; }
  const runtime::Address& peer() const noexcept { return peer_; }
  bool is_secure() const noexcept { return secure_; }
  const std::shared_ptr<const tls::Identity>& client() const noexcept { return client_; }
  // What its fiber serves now; null: nothing. Of HTTP/1.1.
  void set_request(const Request* request) noexcept { request_ = request; }

 private:
  friend class ConnectionList;
  friend class LoopServer;

  bool shake_hands();
  void cancel() noexcept;  // may destroy this
  void tick(runtime::TimePoint now) noexcept;
  void start_http2() noexcept;

  LoopServer& server_;
  runtime::Socket socket_;
  ConnectionList* list_ = nullptr;  // of the loop's server, where it stands
  Connection* previous_ = nullptr;  // in that list
  Connection* next_ = nullptr;
  runtime::Fiber* fiber_ = nullptr;
  const Request* request_ = nullptr;
  runtime::TimePoint idle_since_{};  // or parting
  runtime::Address peer_;
  std::unique_ptr<Http2Server> http2_;
  std::shared_ptr<const tls::Identity> client_;  // shared with its requests
  Scratch* handed_over_ = nullptr;               // from the fiber to the session: what has arrived
  bool is_http2_ = false;
  bool secure_ = false;  // by a handshake
  bool fresh_ = true;    // no request yet
  bool parts_ = false;   // its last reply has said so
};

// Connections in order of arrival, each in one list; owns nothing.
class ConnectionList {
 public:
  Connection* first() const noexcept { return first_; }
  Connection* last() const noexcept { return last_; }
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
