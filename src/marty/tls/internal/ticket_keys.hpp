// TicketKeys: what session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1). A server keeps no sessions: the
// client brings its own back, and any loop can read it.
//
// Keys live for twelve hours, and are good for twelve more to open what they sealed. Shared by all loops.
#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "marty/base/time.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {

struct TicketKey {
  TicketKey() = default;
  ~TicketKey();  // wipes it
  TicketKey(const TicketKey&) = delete;
  TicketKey& operator=(const TicketKey&) = delete;

  std::array<unsigned char, 16> name;  // tells which key a ticket was sealed with
  std::array<unsigned char, 32> cipher_key;
  std::array<unsigned char, 32> mac_key;
  Timestamp made;
};

class TicketKeys {
 public:
  // Shared with the handshakes that use it while it is replaced.
  using Key = std::shared_ptr<const TicketKey>;

  Key current(Timestamp now);
  // Null: not one of ours, or too old.
  Key find(const unsigned char* name, Timestamp now);

  // Makes `context` seal and open its tickets with these keys, which have to outlive its connections. A session whose
  // client certificate has expired meanwhile is not resumed.
  void serve(SSL_CTX* context);

 private:
  void rotate(Timestamp now);
  std::mutex mutex_;
  Key current_;
  Key previous_;
};

}  // namespace marty::tls::internal
