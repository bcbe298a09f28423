#include "marty/http/internal/loop_server.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/http/internal/log.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kSweepInterval = std::chrono::seconds(1);
constexpr runtime::Duration kAcceptPause = std::chrono::milliseconds(10);  // after a failure: no memory, no descriptor
constexpr runtime::Duration kPartTime = std::chrono::milliseconds(500);    // for clients to notice an end
// Of a drain: until a handshake of TCP that has begun is done, nearby at once.
constexpr runtime::Duration kHandshakeGrace = std::chrono::milliseconds(100);
constexpr runtime::Duration kHandshakeGraceNearby = std::chrono::milliseconds(1);
constexpr runtime::Duration kDrainInterval = std::chrono::milliseconds(20);
constexpr int kMaxDiscardedReads = 16;
constexpr int kReportedRequests = 10;  // of a loop, that do not end
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
      sweeper_([this] { sweep(); }),
      drainer_([this] { go_on_draining(); }),
      report_(options.logging) {}

LoopServer::~LoopServer() = default;

runtime::Address LoopServer::listen(const runtime::Address& address, runtime::PortSharing sharing) {
  listener_ = runtime::listen(address, {.sharing = sharing});
  return listener_.local_address();
}

void LoopServer::start(runtime::Loop& loop) {
  loop_ = &loop;
  if (listener_.is_open()) acceptor_.start(loop);
  sweeper_.start(loop);
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
    count_refused(1);
    runtime::sleep_for(kAcceptPause);
  } catch (const std::bad_alloc&) {
    count_refused(1);
    runtime::sleep_for(kAcceptPause);
  }
}

void LoopServer::take(runtime::Socket socket) {
  auto connection = std::make_unique<Connection>(*this, std::move(socket));
  if (!shared_.add_connection()) {
    refused_.add(1);
    report_.over_limit();
    try {
      connection->socket_.try_write(kTooManyConnections);
      connection->socket_.shutdown_write();
    } catch (const Error&) {  // gone already
    }
    return;
  }
  accepted_.add(1);
  Connection& idle = *connection.release();  // destroyed by close()
  idle.idle_since_ = runtime::coarse_now();
  idle_.push_back(idle);
  idle.socket_.park(&idle);
}

// Memory and descriptors.
void LoopServer::count_refused(std::uint64_t count) noexcept {
  refused_.add(count);
  report_.without_descriptor(count);
}

// Who has connected meets no reset: what the system has let in is served.
void LoopServer::accept_rest() noexcept {
  try {
    while (std::optional<runtime::Socket> socket = listener_.try_accept()) take(std::move(*socket));
  } catch (const std::exception&) {
    count_refused(1);
  }
}

void LoopServer::close_listener() {
  if (!std::exchange(accepting_, false)) return;
  if (listener_.is_open()) {
    acceptor_.stop();
    if (stage_ != Stage::cut) accept_rest();
    listener_.close();
  }
  shared_.stopped_accepting();
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
  if (stage_ == Stage::cut || !connection.socket_.is_open()) return close(connection);
  if (connection.parts_) {
    part(connection);
  } else {
    set_active(connection, false);
  }
  connection.socket_.park(&connection);
}

void LoopServer::set_active(Connection& connection, bool active) noexcept {
  if ((connection.list_ == &active_) == active) return;
  if (active) return move(connection, active_);
  move(connection, idle_);
  if (draining() && connection.http2_ != nullptr) end_idle(connection);
}

void LoopServer::move(Connection& connection, ConnectionList& list) noexcept {
  connection.list_->remove(connection);
  connection.idle_since_ = runtime::coarse_now();
  list.push_back(connection);
}

// Closing at once would answer a request that is on its way by a reset, which may also take the reply before it from
// the client (RFC 9112 section 9.6). So this side ends, and for a moment takes in what comes.
void LoopServer::part(Connection& connection) noexcept {
  connection.parts_ = true;
  move(connection, parting_);
  connection.socket_.shutdown_write();
}

void LoopServer::discard(Connection& connection) noexcept {
  char bytes[4096];
  try {
    for (int reads = 0; reads < kMaxDiscardedReads; ++reads) {
      const std::optional<std::size_t> size = connection.socket_.try_read(bytes);
      if (!size) return connection.socket_.park(&connection);
      if (*size == 0) break;
    }
  } catch (const std::exception&) {  // it is gone
  }
  close(connection);
}

void LoopServer::close(Connection& connection) noexcept {
  connection.list_->remove(connection);
  delete &connection;
  shared_.remove_connection();
}

void LoopServer::sweep() {
  runtime::sleep_for(kSweepInterval);
  const runtime::TimePoint now = runtime::coarse_now();
  end_idle_since(now - limits().idle_timeout);
  end_parting_since(now - kPartTime);
  active_.for_each([now](Connection& connection) { connection.tick(now); });
  if (listener_.is_open()) {
    count_refused(listener_.turned_away() - turned_away_);
    turned_away_ = listener_.turned_away();
  }
  report_.tell_refusals();
}

// Those idle for longer, too.
void LoopServer::end_idle_since(runtime::TimePoint time) noexcept {
  const Connection* const last = idle_.last();  // one that turns out to be at work goes behind it
  while (idle_.first() != nullptr && idle_.first()->idle_since_ <= time) {
    const bool is_last = idle_.first() == last;
    end_idle(*idle_.first());
    if (is_last) return;
  }
}

// HTTP/2 says good-bye first. Over HTTP/1.1 a request may have come since the loop looked: it goes before.
void LoopServer::end_idle(Connection& connection) noexcept {
  if (connection.http2_ == nullptr) {
    if (stage_ == Stage::cut) return close(connection);
    if (!connection.socket_.has_input()) return part(connection);
    move(connection, idle_);
    return connection.socket_.park(&connection);  // which calls back
  }
  set_active(connection, true);  // a fiber of its session may still be sending
  stage_ == Stage::cut ? connection.http2_->cut() : connection.http2_->drain();
}

void LoopServer::end_parting_since(runtime::TimePoint time) noexcept {
  while (parting_.first() != nullptr && parting_.first()->idle_since_ <= time) close(*parting_.first());
}

void LoopServer::drain(runtime::Duration limit) {
  stage_ = Stage::draining;
  grace_ = std::min(limits().drain_grace, limit / 4);
  drain_interval_ = std::min(kDrainInterval, limit / 8);
  if (listener_.is_open()) listener_.refuse_new();
  const auto say_good_bye = [this](Connection& connection) {
    if (connection.http2_ != nullptr) end_idle(connection);
  };
  idle_.for_each(say_good_bye);
  active_.for_each(say_good_bye);
  drainer_.start(*loop_);
}

// Kept connections had their last request answered before they could be told. So each gets a grace: a client that is at
// work sends the next one, and is told then.
void LoopServer::go_on_draining() {
  if (accepting_) {
    const bool is_far =
        listener_.is_open() && !listener_.local_address().is_unix() && !listener_.local_address().is_loopback();
    runtime::sleep_for(is_far ? kHandshakeGrace : kHandshakeGraceNearby);
    return close_listener();
  }
  runtime::sleep_for(drain_interval_);
  const runtime::TimePoint now = runtime::coarse_now();
  end_idle_since(now - grace_);
  end_parting_since(now - grace_);
}

void LoopServer::cut() {
  stage_ = Stage::cut;
  close_listener();
  end_idle_since(runtime::kNever);
  end_parting_since(runtime::kNever);
  active_.for_each([](Connection& connection) { connection.cancel(); });
}

void LoopServer::report_unending(runtime::Duration since) const {
  int left = kReportedRequests;
  for (const runtime::FiberView& fiber : loop_->fibers()) {
    if (!fiber.cancelled || fiber.title.empty() || left-- <= 0) continue;
    telemetry::Context nobody;
    nobody.logging = options_.logging;
    auto* const its_own = static_cast<telemetry::Context*>(fiber.ambient);  // nothing else derives from Ambient
    const telemetry::ContextScope scope(its_own != nullptr ? *its_own : nobody);
    kLog.error(
        "a request goes on though it was cancelled: look for a catch (...) that does not rethrow, a wait under a "
        "ShieldScope, or a loop without a wait",
        {{"request", fiber.title},
         {"cancelled_for_ms", std::chrono::duration_cast<std::chrono::milliseconds>(since).count()}});
  }
}

void LoopServer::stop() {
  drainer_.stop();
  sweeper_.stop();
}

void LoopServer::report_failed_handshake(const Error& error) noexcept {
  failed_handshakes_.add(1);
  report_.handshake_failed(error);
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
