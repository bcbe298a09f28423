// The stream connections of the simulated network. A Connection is two Ends and the segments on their way between them;
// the SimulatedDriver decides when a segment arrives. Shared by its two sockets and by the events under way.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/net.hpp"

namespace marty::runtime::internal {

class SimulatedDriver;

struct Segment {
  enum class Kind : std::uint8_t { data, finish, reset };
  Kind kind = Kind::data;
  std::string bytes;
};

// One side of a connection, as its socket sees it.
struct End {
  Host* host = nullptr;
  Address address;

  std::string received;        // arrived, not read yet
  std::size_t consumed = 0;    // of `received`
  bool peer_finished = false;  // the peer sends no more
  bool broken = false;         // reset
  bool finished = false;       // we send no more
  bool closed = false;         // our socket is gone

  Fiber* reader = nullptr;
  Fiber* writer = nullptr;
  ReadableCallback* parked = nullptr;

  std::deque<Segment> outgoing;  // on the way to the peer, in order
  TimePoint last_arrival{};      // of what is on the way
  std::size_t held = 0;          // segments that a partition stopped
  std::size_t unread = 0;        // bytes on the way or arrived and not yet read by the peer

  std::size_t available() const noexcept { return received.size() - consumed; }
  bool readable() const noexcept { return available() > 0 || peer_finished || broken; }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(SimulatedDriver& owner, std::uint64_t number) : driver(owner), id(number) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The oldest segment of `side` reaches the other side.
  void arrive(int side);
  // Both ends learn at once that the connection is no more.
  void reset();

  SimulatedDriver& driver;
  const std::uint64_t id;
  std::array<End, 2> ends;
  std::optional<std::size_t> cut_after_bytes;  // left until the network cuts it

 private:
  void notify(End& end);
};

// The socket of one side.
class SimulatedSocket final : public SocketBackend {
 public:
  SimulatedSocket(std::shared_ptr<Connection> connection, int side) : connection_(std::move(connection)), side_(side) {}
  ~SimulatedSocket() override;

  std::optional<std::size_t> try_read(std::span<char> buffer) override;
  std::size_t read_some(std::span<char> buffer) override;
  void write(std::span<const std::string_view> parts) override;
  std::size_t write_some(std::string_view bytes) override;
  std::size_t try_write(std::span<const std::string_view> parts) override;
  void park(ReadableCallback* callback) noexcept override;
  void shutdown_write() noexcept override;
  bool closed_by_peer() const noexcept override { return self().peer_finished || self().broken; }
  bool has_input() noexcept override { return self().readable(); }
  Address local_address() const override { return self().address; }
  Address peer_address() const override { return peer().address; }

 private:
  End& self() const noexcept { return connection_->ends[side_]; }
  End& peer() const noexcept { return connection_->ends[1 - side_]; }
  std::size_t send(std::string_view bytes);
  void wait_for_room(Scheduler& scheduler);
  [[noreturn]] void throw_reset() const;

  const std::shared_ptr<Connection> connection_;
  const int side_;
};

}  // namespace marty::runtime::internal
