// Wire: the bytes of one server connection, with its timeouts; the owner of everything that is sent over HTTP/1.1.
// Lives on the connection's fiber while that is active.
//
// What is appended is never what is being sent: `out` takes what is to come, and what the socket did not take at once
// is moved to `in_flight_` before anybody waits for it.
//
//     Http1Session ──── heads, bodies ─────────► out ──► in_flight_ ──► socket
//     RequestBody ───── 100 Continue ──────────►  │
//     ReplyStream ───── pieces of a body ──────►  │   only who has the turn of `turns_`
//
//   reply           | who appends                     | who flushes
//   ----------------+---------------------------------+-------------------------------------------------------------
//   in memory       | the connection's fiber          | the same, once for all replies to what had arrived
//   begun           | any fiber of the loop           | writers whose pieces are large or many, and
//   BodyWriter::flush();
//                   |                                 | the reply's pump, when all of them wait
//   streamed        | any fiber of the loop           | the same, but the pump only when the request is read from
//
// Appending needs no turn: no fiber waits in the middle of a piece. Sending does: turns are taken in the order of
// arrival, and while a slow client lets the sender wait, `out` fills and then everybody waits. A sender that is
// interrupted (cancelled, its deadline) leaves what it had begun to the next one.
#pragma once

#include <span>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/http/internal/buffers.hpp"
#include "marty/http/internal/turns.hpp"
#include "marty/http/server.hpp"

namespace marty::http::internal {

class ReplyPump;

class Wire final : private Turns::Hurry {
 public:
  static constexpr std::size_t kGatheredBytes = 16 * 1024;  // are sent at the latest; larger pieces are not copied

  Wire(runtime::Socket& socket, ReceiveBuffer& received, OutputBuffer& output, const ServerLimits& server_limits)
      : in(received), out(output), limits(server_limits), socket_(socket) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Each sends what was appended before, in one system call where it fits, and waits while the client is slow. Throws
  // cancelled where the client has gone or takes nothing (from then on always), or this fiber is; deadline_exceeded.
  void flush();
  void flush_with(std::string_view body);
  // A piece of a body and what frames it, as one: gathered where it is small, sent where that or the rest is much.
  // Interrupted, it is sent all the same, by whoever is next.
  void put(std::string_view before, std::string_view piece, std::string_view after);
  // What was appended goes out while this fiber waits for the client, who may be waiting for it.
  void flush_before_wait();
  // Whether the client has gone or takes nothing.
  bool has_failed() const noexcept { return failed_; }

  // At least one byte, or 0 once the client has closed its side. Throws deadline_exceeded at `until`, unavailable.
  std::size_t read(std::span<char> buffer, runtime::TimePoint until);
  std::size_t read(std::span<char> buffer, runtime::Duration timeout);
  std::optional<std::size_t> try_read(std::span<char> buffer) { return socket_.try_read(buffer); }
  void park(runtime::ReadableCallback* callback) noexcept { socket_.park(callback); }
  // Says that nothing more will be sent, and takes in what the client still sends for a short while: closing at once
  // could reset the connection before the client has read the reply (RFC 9112 section 9.6).
  void linger() noexcept;

  ReceiveBuffer& in;
  OutputBuffer& out;
  const ServerLimits& limits;

 private:
  friend class ReplyPump;  // says that it is there

  void hurry() noexcept override;
  bool has_something() const noexcept { return !out.empty() || !in_flight_.empty(); }
  // With the turn.
  void send_in_flight();
  void send(std::string_view piece, std::string_view after);
  void send_slowly(std::string_view& bytes);
  void keep(std::string_view piece, std::string_view after) noexcept;
  [[noreturn]] void fail(const Error& error);

  runtime::Socket& socket_;
  OutputBuffer in_flight_;
  std::size_t in_flight_at_ = 0;  // from here on it is not sent yet
  Turns turns_{this};
  ReplyPump* pump_ = nullptr;
  runtime::TimePoint give_up_at_ = runtime::kNever;  // unless so much has gone by then, whoever sends
  bool failed_ = false;
};

}  // namespace marty::http::internal
