// Transport: the ciphertext side of a TlsSocket – the socket below, and what that has not taken yet.
//
// OpenSSL sees it as a BIO that never waits and never refuses to take what is to be sent: so no call of OpenSSL ends in
// the middle of a record, and none switches fibers.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "marty/runtime/net.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {

// Shared by its TlsSocket and by the fiber that sends the rest where that was closed before all of it fitted.
class Transport final : public std::enable_shared_from_this<Transport> {
 public:
  explicit Transport(runtime::Socket socket) : socket_(std::move(socket)) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  Bio make_bio();  // refers to this

  runtime::Socket& socket() noexcept { return socket_; }
  const runtime::Socket& socket() const noexcept { return socket_; }

  // While set, what OpenSSL sends is gathered and not handed on by itself.
  void gather(bool on) noexcept { gathering_ = on; }
  // Hands on what fits now. True: nothing is left. A failure is kept.
  bool flush_some() noexcept;
  // Hands on everything; waits while the peer is slow. Throws unavailable, deadline_exceeded, cancelled.
  void flush();
  // A part of it at least. Where the wait is interrupted nothing is lost: the next call goes on.
  void flush_part();
  // Sends the end of the stream behind what is there, if need be on a fiber of its own. Nothing may be sent after it.
  void finish() noexcept;

  bool idle() const noexcept { return pending_.empty() && !writing_; }
  std::uint64_t taken() const noexcept { return taken_; }  // bytes from OpenSSL, ever
  std::uint64_t sent() const noexcept { return sent_; }    // of these, handed on
  bool ended() const noexcept { return ended_; }           // the peer sends no more

  // Why nothing can be read, or sent, any more; null: it can.
  const std::exception_ptr& read_failure() const noexcept { return read_failure_; }
  const std::exception_ptr& write_failure() const noexcept { return write_failure_; }

 private:
  friend struct BioCalls;
  int read(std::span<char> buffer) noexcept;  // 0: the end; -1: would wait, or failed
  void take(std::string_view bytes) noexcept;
  void send(std::string_view bytes);
  void fail_write(std::exception_ptr failure) noexcept;
  void shut_down_if_finished() noexcept;

  runtime::Socket socket_;
  std::string pending_;  // taken, not yet handed on
  std::uint64_t taken_ = 0;
  std::uint64_t sent_ = 0;
  std::exception_ptr read_failure_;
  std::exception_ptr write_failure_;
  bool gathering_ = false;
  bool writing_ = false;  // a fiber waits until what it took out of pending_ is handed on
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace marty::tls::internal
