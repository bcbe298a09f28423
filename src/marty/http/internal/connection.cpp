#include "marty/http/internal/connection.hpp"

#include <new>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/http/internal/http1_session.hpp"
#include "marty/http/internal/http2_server.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/tls/tls.hpp"

namespace marty::http::internal {

Connection::Connection(LoopServer& server, runtime::Socket socket)
    : server_(server), socket_(std::move(socket)), peer_(socket_.peer_address()) {}

Connection::~Connection() = default;

void Connection::on_readable() noexcept { parts_ ? server_.discard(*this) : server_.activate(*this); }

std::string Connection::title() const { return request_ != nullptr ? server_.handler().name_of(*request_) : ""; }

void Connection::run() {
  fiber_ = &runtime::current_fiber();
  if (server_.tls() != nullptr && !secure_ && !shake_hands()) return;
  is_http2_ = is_http2_ || !server_.speaks_http1();
  if (is_http2_) return;
  Scratch* const scratch = server_.scratches().take();
  if (scratch == nullptr) return socket_.close();
  const auto end = Http1Session(server_, *scratch, *this, fresh_).serve();
  fresh_ = false;
  if (end == Http1Session::End::http2) {
    is_http2_ = true;
    handed_over_ = scratch;
    return;
  }
  server_.scratches().give_back(scratch);
  parts_ = end == Http1Session::End::part;
  if (end == Http1Session::End::close) socket_.close();
}

bool Connection::shake_hands() {
  try {
    const runtime::DeadlineScope scope(server_.limits().header_timeout);
    tls::Session session = server_.tls()->accept(std::move(socket_));
    socket_ = std::move(session.socket);
    client_ = std::move(session.peer);
    secure_ = true;
    is_http2_ = session.alpn == "h2";
    return true;
  } catch (const Error& error) {
    if (error.code() != Code::cancelled) server_.report_failed_handshake(error);
  } catch (const std::bad_alloc&) {
  }
  socket_.close();
  return false;
}

void Connection::finished() noexcept {
  fiber_ = nullptr;
  request_ = nullptr;
  if (is_http2_ && socket_.is_open() && !server_.cuts()) return start_http2();
  server_.deactivate(*this);
}

// From here on the session is told what arrives.
void Connection::start_http2() noexcept {
  LoopServer& server = server_;
  Scratch* const scratch = std::exchange(handed_over_, nullptr);
  try {
    http2_ = std::make_unique<Http2Server>(server_, *this);
    if (server_.draining()) http2_->drain();                                        // the handshake took until now
    http2_->start(scratch != nullptr ? scratch->in.unread() : std::string_view());  // may destroy this
  } catch (const std::exception&) {                                                 // no memory
    socket_.close();
    server.deactivate(*this);
  }
  if (scratch == nullptr) return;
  scratch->in.clear();
  server.scratches().give_back(scratch);
}

void Connection::cancel() noexcept {
  if (http2_ != nullptr) return http2_->cut();
  if (fiber_ != nullptr) runtime::cancel(*fiber_);
}

void Connection::tick(runtime::TimePoint now) noexcept {
  if (http2_ != nullptr) http2_->tick(now);
}

void ConnectionList::push_back(Connection& connection) noexcept {
  connection.list_ = this;
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
