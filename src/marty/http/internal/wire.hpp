// The bytes of one server connection, with its timeouts. Lives on the connection's fiber while that is active.
#pragma once

#include <span>
#include <string_view>

#include "marty/http/internal/buffers.hpp"
#include "marty/http/server.hpp"

namespace marty::http::internal {

class Wire {
 public:
  Wire(runtime::Socket& socket, ReceiveBuffer& received, OutputBuffer& output, const ServerLimits& server_limits)
      : in(received), out(output), limits(server_limits), socket_(socket) {}

  // Sends what is in `out`, and then the two others: in one system call where they fit. Throws unavailable,
  // deadline_exceeded.
  void flush();
  void flush_with(std::string_view first, std::string_view second = {});
  std::uint32_t flushes() const noexcept { return flushes_; }  // that had something to send
  // Whether a ReplyPump sends what is in `out`, so that nobody else has to, nor may while others write into it.
  bool has_pump = false;
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
  void write_slowly(std::string_view bytes);
  runtime::Socket& socket_;
  std::uint32_t flushes_ = 0;
  bool sending_ = false;  // a fiber is in the middle of it, and maybe waits
};

}  // namespace marty::http::internal
