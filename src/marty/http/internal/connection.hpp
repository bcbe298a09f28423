// Connection: one client of a server. Idle, it is this object and its socket; a readable socket starts a fiber that
// serves until nothing more has arrived.
#pragma once

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"

namespace marty::http::internal {

class LoopServer;

class Connection final : public runtime::FiberJob, public runtime::ReadableCallback {
 public:
  Connection(LoopServer& server, runtime::Socket socket);

  void on_readable() noexcept override;  // starts the fiber
  void run() override;
  void finished() noexcept override;  // parks, or destroys this

  void cancel() noexcept;  // the fiber of an active one

 private:
  friend class ConnectionList;
  friend class LoopServer;

  LoopServer& server_;
  runtime::Socket socket_;
  Connection* previous_ = nullptr;  // in the list of the idle or of the active
  Connection* next_ = nullptr;
  runtime::Fiber* fiber_ = nullptr;
  runtime::TimePoint idle_since_{};
  runtime::Address peer_;
};

// Connections in order of arrival; owns nothing.
class ConnectionList {
 public:
  Connection* first() const noexcept { return first_; }
  void push_back(Connection& connection) noexcept;
  void remove(Connection& connection) noexcept;
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Connection* connection = first_; connection != nullptr; connection = connection->next_) visit(*connection);
  }

 private:
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
};

}  // namespace marty::http::internal
