// LoopServer: what a server has on one loop – listener, connections, scratch memory, counters. Nothing here is written
// by another thread; the counters are read by others.
#pragma once

#include <atomic>
#include <memory>

#include "marty/base/error.hpp"
#include "marty/http/internal/connection.hpp"
#include "marty/http/internal/connection_report.hpp"
#include "marty/http/internal/date_cache.hpp"
#include "marty/http/internal/http2_server.hpp"
#include "marty/http/internal/request_place.hpp"
#include "marty/http/internal/resident_fiber.hpp"
#include "marty/http/internal/scratch.hpp"
#include "marty/http/server.hpp"

namespace marty::http::internal {

// Written by one loop, read by any thread.
class LoopCounter {
 public:
  void add(std::uint64_t delta) noexcept { value_.store(get() + delta, std::memory_order_relaxed); }
  void subtract(std::uint64_t delta) noexcept { value_.store(get() - delta, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What the loops of a server share.
class ServerShared {
 public:
  virtual ~ServerShared() = default;
  virtual std::uint64_t requests_in_flight() const noexcept = 0;  // of all loops
  virtual bool add_connection() noexcept = 0;                     // false: there are too many
  virtual void remove_connection() noexcept = 0;
  virtual void stopped_accepting() noexcept = 0;  // one loop, for good

  // How many loops have more requests in flight than their share of the limit. Rarely written: while it is zero, a loop
  // below its share need not ask the others, whose counters are in their caches.
  std::atomic<int> loops_over_share{0};
  // From now on replies are the last of their connections. Set from anywhere, so that a loop that is held by a handler
  // keeps nobody waiting.
  std::atomic<bool> announced{false};
};

class LoopServer {
 public:
  // REQUIRES: `shared`, `handler` and `options` outlive it.
  LoopServer(ServerShared& shared, Handler& handler, const ServerOptions& options, std::size_t loops);
  ~LoopServer();

  // On fibers of its loop.
  runtime::Address listen(const runtime::Address& address, runtime::PortSharing sharing);
  void start(runtime::Loop& loop);
  void drain(runtime::Duration limit);  // begins it; all of it is done by itself
  void cut();                           // what the drain has not ended
  void report_unending(runtime::Duration since) const;
  void stop();  // no connection is left

  // For connections.
  void activate(Connection& connection) noexcept;
  void deactivate(Connection& connection) noexcept;
  void set_active(Connection& connection, bool active) noexcept;  // of HTTP/2
  void discard(Connection& connection) noexcept;                  // what one that parts still sends
  void close(Connection& connection) noexcept;                    // in no list any more, and destroyed
  ScratchPool& scratches() noexcept { return scratches_; }
  bool draining() const noexcept { return stage_ >= Stage::draining; }
  bool cuts() const noexcept { return stage_ == Stage::cut; }
  bool says_close() const noexcept { return draining() || shared_.announced.load(std::memory_order_relaxed); }
  const ServerLimits& limits() const noexcept { return options_.limits; }
  const HeadLimits& head_limits() const noexcept { return head_limits_; }
  Handler& handler() const noexcept { return handler_; }
  DateCache& date() noexcept { return date_; }
  runtime::Loop& loop() const noexcept { return *loop_; }
  bool speaks_http1() const noexcept { return options_.http1; }
  bool speaks_http2() const noexcept { return options_.http2; }
  const Http2Settings& http2_settings() const noexcept { return http2_settings_; }
  const tls::ServerContext* tls() const noexcept { return options_.tls; }
  void report_failed_handshake(const Error& error) noexcept;
  Http2ServerStreams& http2_streams() noexcept { return http2_streams_; }
  Http2Workspace& http2_workspace();

  // For a RequestPlace: around the handler; false where too many requests are in flight.
  bool enter() noexcept {
    requests_.add(1);
    if (!has_room()) return false;
    occupy();
    return true;
  }
  bool has_room() const noexcept {
    const bool others_matter =
        in_flight_.get() >= own_share_ || shared_.loops_over_share.load(std::memory_order_relaxed) != 0;
    return !others_matter || shared_.requests_in_flight() < limits().in_flight;
  }
  void occupy() noexcept {
    const std::uint64_t before = in_flight_.get();
    in_flight_.add(1);
    if (before == own_share_) shared_.loops_over_share.fetch_add(1, std::memory_order_relaxed);
  }
  void leave() noexcept {
    in_flight_.subtract(1);
    if (in_flight_.get() == own_share_) shared_.loops_over_share.fetch_sub(1, std::memory_order_relaxed);
  }
  WaitingBodies& waiting_bodies() noexcept { return waiting_bodies_; }
  void count_malformed() noexcept { malformed_.add(1); }

  std::uint64_t in_flight() const noexcept { return in_flight_.get(); }
  void add_to(ServerStats& stats) const noexcept;

 private:
  // What becomes of connections; each includes those before it.
  enum class Stage : std::uint8_t {
    serving,
    draining,  // nobody new comes; those that stay idle end
    cut,       // all end now
  };
  void accept_one();
  void accept_rest() noexcept;
  void close_listener();
  void take(runtime::Socket socket);
  void count_refused(std::uint64_t count) noexcept;
  void sweep();
  void go_on_draining();
  static void move(Connection& connection, ConnectionList& list) noexcept;
  void part(Connection& connection) noexcept;
  void end_idle_since(runtime::TimePoint time) noexcept;
  void end_idle(Connection& connection) noexcept;
  void end_parting_since(runtime::TimePoint time) noexcept;

  ServerShared& shared_;
  Handler& handler_;
  const ServerOptions& options_;
  const HeadLimits head_limits_;
  const Http2Settings http2_settings_;
  const std::size_t own_share_;  // of the in-flight limit
  WaitingBodies waiting_bodies_;
  runtime::Loop* loop_ = nullptr;
  runtime::Listener listener_;
  DateCache date_;
  ScratchPool scratches_;
  Http2ServerStreams http2_streams_;
  std::unique_ptr<Http2Workspace> http2_workspace_;  // from the first connection that needs it
  ConnectionList idle_;                              // the longest idle first
  ConnectionList active_;
  ConnectionList parting_;  // told that nothing more comes; they may still send, or close. The longest first
  ResidentFiber acceptor_;
  ResidentFiber sweeper_;
  ResidentFiber drainer_;
  Stage stage_ = Stage::serving;
  bool accepting_ = true;
  runtime::Duration grace_{};  // of a drain
  runtime::Duration drain_interval_{};
  std::uint64_t turned_away_ = 0;  // of the listener, as counted here

  LoopCounter accepted_;
  LoopCounter refused_;
  LoopCounter requests_;
  LoopCounter in_flight_;
  LoopCounter malformed_;
  LoopCounter failed_handshakes_;
  ConnectionReport report_;
};

}  // namespace marty::http::internal
