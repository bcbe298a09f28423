#include "marty/http/internal/loop_server.hpp"

#include <array>
#include <new>

#include "marty/base/error.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kSweepInterval = std::chrono::seconds(1);
constexpr runtime::Duration kReportWindow = std::chrono::seconds(10);
constexpr int kReportsPerWindow = 10;
constexpr Logger kLog("marty.http");
constexpr runtime::Duration kAcceptPause = std::chrono::milliseconds(10);  // after a failure: no memory, no descriptor
// Of a client that nothing was read from: all members that an application documents, none of which is known.
constexpr std::array<std::string_view, 2> kTooManyConnections{
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 183\r\n"
    "Retry-After: 1\r\nConnection: close\r\n\r\n",
    R"({"type":"urn:marty:problem:unavailable","title":"Unavailable","status":503,)"
    R"("detail":"too many connections are open","instance":"","code":"unavailable","correlation_id":"","errors":[]})"};
static_assert(kTooManyConnections[1].size() == 183);

Http2Settings http2_settings(const ServerLimits& limits) {
  return {.max_concurrent_streams = static_cast<std::uint32_t>(limits.http2_streams),
          .stream_window_bytes = static_cast<std::uint32_t>(limits.http2_stream_window_bytes),
          .connection_window_bytes = static_cast<std::uint32_t>(limits.http2_connection_window_bytes),
          .header_list_bytes = static_cast<std::uint32_t>(limits.header_bytes),
          .header_timeout = limits.header_timeout,
          .write_timeout = limits.write_timeout,
          .ping_interval = limits.http2_ping_interval,
          .ping_timeout = limits.http2_ping_timeout};
}

}  // namespace

LoopServer::LoopServer(ServerShared& shared, Handler& handler, const ServerOptions& options, std::size_t loops)
    : shared_(shared),
      handler_(handler),
      options_(options),
      head_limits_{limits().request_line_bytes, limits().header_bytes, limits().header_count},
      http2_settings_(internal::http2_settings(limits())),
      own_share_(limits().in_flight / loops),
      waiting_bodies_(own_share_),
      scratches_(head_limits_),
      acceptor_([this] { accept_one(); }),
      sweeper_([this] { sweep(); }) {}

LoopServer::~LoopServer() = default;

runtime::Address LoopServer::listen(const runtime::Address& address, runtime::PortSharing sharing) {
  listener_ = runtime::listen(address, {.sharing = sharing});
  return listener_.local_address();
}

void LoopServer::start(runtime::Loop& loop) {
  loop_ = &loop;
  if (listener_.is_open()) acceptor_.start(loop);
  sweeper_.start(loop);
  sweeping_ = true;
}

Http2Workspace& LoopServer::http2_workspace() {
  if (http2_workspace_ == nullptr) http2_workspace_ = std::make_unique<Http2Workspace>();
  return *http2_workspace_;
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
  Connection& idle = *connection.release();  // destroyed by close()
  make_idle(idle);
  idle.socket_.park(&idle);
}

void LoopServer::pause_accepting() {
  refused_.add(1);
  runtime::sleep_for(kAcceptPause);
}

void LoopServer::activate(Connection& connection) noexcept {
  set_active(connection, true);
  try {
    loop_->run_now(connection);
  } catch (const std::exception&) {  // no memory for a stack
    close(connection);
  }
}

// After its fiber has ended.
void LoopServer::deactivate(Connection& connection) noexcept {
  if (draining_ || !connection.socket_.is_open()) return close(connection);
  set_active(connection, false);
  connection.socket_.park(&connection);
}

void LoopServer::make_idle(Connection& connection) noexcept {
  connection.idle_since_ = runtime::coarse_now();
  idle_.push_back(connection);
}

void LoopServer::set_active(Connection& connection, bool active) noexcept {
  if (connection.active_ == active) return;
  connection.active_ = active;
  if (active) {
    idle_.remove(connection);
    active_.push_back(connection);
  } else {
    active_.remove(connection);
    make_idle(connection);
    if (draining_) end_idle(connection);
  }
}

void LoopServer::close(Connection& connection) noexcept {
  (connection.active_ ? active_ : idle_).remove(connection);
  delete &connection;
  shared_.remove_connection();
}

void LoopServer::sweep() {
  runtime::sleep_for(kSweepInterval);
  const runtime::TimePoint now = runtime::coarse_now();
  end_idle_since(now - limits().idle_timeout);
  active_.for_each([now](Connection& connection) { connection.tick(now); });
}

// Those idle for longer, too.
void LoopServer::end_idle_since(runtime::TimePoint time) noexcept {
  while (idle_.first() != nullptr && idle_.first()->idle_since_ <= time) end_idle(*idle_.first());
}

// HTTP/2 says good-bye first.
void LoopServer::end_idle(Connection& connection) noexcept {
  if (connection.http2_ == nullptr) return close(connection);
  set_active(connection, true);
  connection.http2_->drain();
}

void LoopServer::stop_accepting() {
  draining_ = true;
  if (listener_.is_open()) acceptor_.stop();
  listener_.close();
  end_idle_since(runtime::kNever);
  active_.for_each([](Connection& connection) {
    if (connection.http2_ != nullptr) connection.http2_->drain();
  });
}

void LoopServer::cancel_connections() {
  active_.for_each([](Connection& connection) { connection.cancel(); });
}

void LoopServer::stop() {
  if (sweeping_) sweeper_.stop();
}

// Whoever makes handshakes fail does not fill the log: ten lines in ten seconds, and how many more there were.
void LoopServer::report_failed_handshake(const Error& error) noexcept {
  failed_handshakes_.add(1);
  const runtime::TimePoint now = runtime::coarse_now();
  if (now - report_window_ >= kReportWindow) {
    report_window_ = now;
    reported_ = 0;
  }
  if (++reported_ > kReportsPerWindow) {
    ++unreported_;
    return;
  }
  telemetry::Context context;
  context.logging = options_.logging;
  const telemetry::ContextScope scope(context);
  const std::uint64_t left_out = std::exchange(unreported_, 0);
  try {
    if (error.code() == Code::unauthenticated) {
      kLog.warning("TLS: " + error.message(), {{"not_logged_before", left_out}});
    } else {
      kLog.info("TLS: " + error.message(), {{"not_logged_before", left_out}});
    }
  } catch (const std::bad_alloc&) {
    ++unreported_;
  }
}

void LoopServer::add_to(ServerStats& stats) const noexcept {
  stats.connections_accepted += accepted_.get();
  stats.connections_refused += refused_.get();
  stats.requests += requests_.get();
  stats.requests_in_flight += in_flight_.get();
  stats.requests_malformed += malformed_.get();
  stats.handshakes_failed += failed_handshakes_.get();
}

}  // namespace marty::http::internal
