// TlsSocket: plain text above, TLS records below.
//
// An SSL object takes one call at a time. One fiber may read while another writes all the same: they are fibers of one
// loop, and no call into OpenSSL waits (see Transport), so each is over before the other fiber can run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "marty/runtime/net.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/tls/internal/openssl.hpp"
#include "marty/tls/internal/transport.hpp"

namespace marty::tls::internal {

// Why OpenSSL gave up.
struct Fault {
  unsigned long code = 0;  // of the first error; 0: the stream below ended or failed
  std::string reasons;
  bool is(int ssl_reason) const noexcept {
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == ssl_reason;
  }
  // The alert that the peer sent, in words ("bad certificate"); "" where it sent none.
  std::string alert() const;
};

class TlsSocket final : public runtime::SocketBackend, public runtime::ReadableCallback {
 public:
  // `keeps` lives as long as this: what the callbacks of `ssl` refer to.
  TlsSocket(Ssl ssl, runtime::Socket socket, std::shared_ptr<const void> keeps);
  ~TlsSocket() override;

  // Nothing where it succeeded. Throws what the socket below throws, unavailable where it ends.
  std::optional<Fault> shake_hands();
  // After a fault: sees to it that the peer can read why (closing at once could reset the connection before). `answer`
  // goes out as it is, for one that speaks no TLS.
  void linger(std::string_view answer) noexcept;
  SSL* ssl() const noexcept { return ssl_.get(); }

  std::optional<std::size_t> try_read(std::span<char> buffer) override;
  std::size_t read_some(std::span<char> buffer) override;
  void write(std::span<const std::string_view> parts) override;
  std::size_t write_some(std::string_view bytes) override;
  std::size_t try_write(std::span<const std::string_view> parts) override;
  void park(runtime::ReadableCallback* callback) noexcept override;
  void shutdown_write() noexcept override;
  bool closed_by_peer() const noexcept override;
  bool has_input() noexcept override;
  runtime::Address local_address() const override { return transport_->socket().local_address(); }
  runtime::Address peer_address() const override { return transport_->socket().peer_address(); }

  void on_readable() noexcept override;

 private:
  // A piece of plain text that OpenSSL has encrypted and the kernel may not have taken yet.
  struct Record {
    std::uint64_t end;  // in bytes of ciphertext, ever
    std::size_t plain_bytes;
  };

  std::optional<std::size_t> read_record(std::span<char> buffer, bool peek);
  bool has_something() noexcept;
  void park_below() noexcept;
  void wait_readable(runtime::Event*& place, const char* doing);
  void give_way();
  void require_writable() const;
  std::size_t encrypt(std::span<const std::string_view> parts, std::size_t skip);
  bool encrypt_record(std::string_view plain);
  std::size_t count_sent();
  [[noreturn]] void fail(const Fault& fault, const char* doing);

  const std::shared_ptr<const void> keeps_;
  const std::shared_ptr<Transport> transport_;
  const Ssl ssl_;               // refers to both
  std::exception_ptr failure_;  // of the protocol: nothing goes on from there
  runtime::Event* reader_ = nullptr;
  runtime::Event* writer_ = nullptr;  // waits to read: the peer is in the middle of a message to OpenSSL itself
  runtime::ReadableCallback* parked_ = nullptr;
  std::shared_ptr<TlsSocket*> deferred_;  // also held by the function that will tell parked_; null: there is none
  std::vector<Record> unsent_;
  std::size_t ahead_ = 0;  // bytes that were encrypted, and of which no caller knows yet that they were written
  std::uint8_t steps_ = 0;
};

}  // namespace marty::tls::internal
