#include "marty/http/internal/loop_server.hpp"

#include <array>
#include <new>

#include "marty/base/error.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kSweepInterval = std::chrono::seconds(1);
constexpr runtime::Duration kAcceptPause = std::chrono::milliseconds(10);  // after a failure: no memory, no descriptor
constexpr std::array<std::string_view, 2> kTooManyConnections{
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 119\r\n"
    "Retry-After: 1\r\nConnection: close\r\n\r\n",
    "{\"type\":\"about:blank\",\"title\":\"Unavailable\",\"status\":503,\"detail\":\"too many connections are open\","
    "\"code\":\"unavailable\"}"};
static_assert(kTooManyConnections[1].size() == 119);

HeadLimits head_limits(const ServerLimits& limits) {
  return {limits.request_line_bytes, limits.header_bytes, limits.header_count};
}

}  // namespace

LoopServer::LoopServer(ServerShared& shared, Handler& handler, const ServerLimits& limits, std::size_t loops)
    : shared_(shared),
      handler_(handler),
      limits_(limits),
      own_share_(limits.in_flight / loops),
      scratches_(head_limits(limits)),
      acceptor_([this] { accept_one(); }),
      sweeper_([this] { sweep(); }) {}

LoopServer::~LoopServer() { close_idle_since(runtime::kNever); }

runtime::Address LoopServer::listen(const runtime::Address& address, runtime::PortSharing sharing) {
  listener_ = runtime::listen(address, {.sharing = sharing});
  return listener_.local_address();
}

void LoopServer::start(runtime::Loop& loop) {
  loop_ = &loop;
  if (listener_.is_open()) acceptor_.start(loop);
  sweeper_.start(loop);
}

void LoopServer::accept_one() {
  try {
    take(listener_.accept());
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    pause_accepting();
  } catch (const std::bad_alloc&) {
    pause_accepting();
  }
}

void LoopServer::take(runtime::Socket socket) {
  auto connection = std::make_unique<Connection>(*this, std::move(socket));
  if (!shared_.add_connection()) {
    refused_.add(1);
    connection->socket_.try_write(kTooManyConnections);
    connection->socket_.shutdown_write();
    return;
  }
  accepted_.add(1);
  make_idle(*connection.release());  // destroyed by close()
}

void LoopServer::pause_accepting() {
  refused_.add(1);
  runtime::sleep_for(kAcceptPause);
}

void LoopServer::activate(Connection& connection) noexcept {
  idle_.remove(connection);
  active_.push_back(connection);
  try {
    loop_->run_now(connection);
  } catch (const std::exception&) {  // no memory for a stack
    active_.remove(connection);
    close(connection);
  }
}

void LoopServer::make_idle(Connection& connection) noexcept {
  connection.idle_since_ = runtime::coarse_now();
  idle_.push_back(connection);
  connection.socket_.park(&connection);
}

void LoopServer::deactivate(Connection& connection) noexcept {
  active_.remove(connection);
  if (draining_ || !connection.socket_.is_open()) return close(connection);
  make_idle(connection);
}

void LoopServer::close(Connection& connection) noexcept {
  delete &connection;
  shared_.remove_connection();
}

void LoopServer::sweep() {
  runtime::sleep_for(kSweepInterval);
  close_idle_since(runtime::coarse_now() - limits_.idle_timeout);
}

// Those idle for longer, too.
void LoopServer::close_idle_since(runtime::TimePoint time) noexcept {
  while (idle_.first() != nullptr && idle_.first()->idle_since_ <= time) {
    Connection& connection = *idle_.first();
    idle_.remove(connection);
    close(connection);
  }
}

void LoopServer::stop_accepting() {
  draining_ = true;
  if (listener_.is_open()) acceptor_.stop();
  sweeper_.stop();
  listener_.close();
  close_idle_since(runtime::kNever);
}

void LoopServer::cancel_connections() {
  active_.for_each([](Connection& connection) { connection.cancel(); });
}

void LoopServer::add_to(ServerStats& stats) const noexcept {
  stats.connections_accepted += accepted_.get();
  stats.connections_refused += refused_.get();
  stats.requests += requests_.get();
  stats.requests_in_flight += in_flight_.get();
  stats.requests_malformed += malformed_.get();
}

}  // namespace marty::http::internal
