#include "marty/http/internal/connection.hpp"

#include <utility>

#include "marty/http/internal/http1_session.hpp"
#include "marty/http/internal/http2_server.hpp"
#include "marty/http/internal/loop_server.hpp"

namespace marty::http::internal {

Connection::Connection(LoopServer& server, runtime::Socket socket)
    : server_(server), socket_(std::move(socket)), peer_(socket_.peer_address()) {}

Connection::~Connection() = default;

void Connection::on_readable() noexcept { server_.activate(*this); }

void Connection::run() {
  fiber_ = &runtime::current_fiber();
  Scratch* const scratch = server_.scratches().take();
  if (scratch == nullptr) return socket_.close();
  if (!server_.speaks_http1()) {
    handed_over_ = scratch;
    return;
  }
  const auto end = Http1Session(server_, *scratch, socket_, peer_, fresh_).serve();
  fresh_ = false;
  if (end == Http1Session::End::http2) {
    handed_over_ = scratch;
    return;
  }
  server_.scratches().give_back(scratch);
  if (end == Http1Session::End::close) socket_.close();
}

void Connection::finished() noexcept {
  fiber_ = nullptr;
  if (handed_over_ != nullptr) return start_http2();
  server_.deactivate(*this);
}

// From here on the session is told what arrives.
void Connection::start_http2() noexcept {
  LoopServer& server = server_;
  Scratch& scratch = *std::exchange(handed_over_, nullptr);
  try {
    http2_ = std::make_unique<Http2Server>(server_, *this);
    http2_->start(scratch.in.unread());  // may destroy this
  } catch (const std::exception&) {      // no memory
    socket_.close();
    server.deactivate(*this);
  }
  scratch.in.clear();
  server.scratches().give_back(&scratch);
}

void Connection::cancel() noexcept {
  if (http2_ != nullptr) return http2_->cut();
  if (fiber_ != nullptr) runtime::cancel(*fiber_);
}

void Connection::tick(runtime::TimePoint now) noexcept {
  if (http2_ != nullptr) http2_->tick(now);
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
