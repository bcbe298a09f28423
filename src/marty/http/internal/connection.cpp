#include "marty/http/internal/connection.hpp"

#include <utility>

#include "marty/http/internal/http1_session.hpp"
#include "marty/http/internal/loop_server.hpp"

namespace marty::http::internal {

Connection::Connection(LoopServer& server, runtime::Socket socket)
    : server_(server), socket_(std::move(socket)), peer_(socket_.peer_address()) {}

void Connection::on_readable() noexcept { server_.activate(*this); }

void Connection::run() {
  fiber_ = &runtime::current_fiber();
  Scratch* const scratch = server_.scratches().take();
  if (scratch == nullptr) return socket_.close();
  const auto end = Http1Session(server_, *scratch, socket_, peer_).serve();
  server_.scratches().give_back(scratch);
  if (end == Http1Session::End::close) socket_.close();
}

void Connection::finished() noexcept {
  fiber_ = nullptr;
  server_.deactivate(*this);
}

void Connection::cancel() noexcept {
  if (fiber_ != nullptr) runtime::cancel(*fiber_);
}

void ConnectionList::push_back(Connection& connection) noexcept {
  connection.previous_ = last_;
  connection.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &connection;
  last_ = &connection;
}

void ConnectionList::remove(Connection& connection) noexcept {
  (connection.previous_ != nullptr ? connection.previous_->next_ : first_) = connection.next_;
  (connection.next_ != nullptr ? connection.next_->previous_ : last_) = connection.previous_;
}

}  // namespace marty::http::internal
