// ServerSnapshot: what a ServerContext made of its files – an SSL_CTX for each certificate, and which is for what name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "marty/tls/internal/host_names.hpp"
#include "marty/tls/internal/openssl.hpp"
#include "marty/tls/internal/pem.hpp"
#include "marty/tls/internal/ticket_keys.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

struct ServerFiles {
  struct Pair {
    File certificate;
    File key;
  };
  std::vector<Pair> certificates;
  File client_ca;  // empty where none is asked for

  static ServerFiles read(const ServerOptions& options);
  std::string digest() const;
  std::string ca_digest() const;
};

class ServerSnapshot {
 public:
  ServerSnapshot(const ServerOptions& options, const ServerFiles& files, std::shared_ptr<TicketKeys> keys);
  ServerSnapshot(const ServerSnapshot&) = delete;  // callbacks refer to it
  ServerSnapshot& operator=(const ServerSnapshot&) = delete;

  // For a new connection, in the state of accepting. This has to outlive it.
  Ssl new_connection() const;

  const std::string digest;     // of all files
  const std::string ca_digest;  // of client_ca
  const std::shared_ptr<TicketKeys> ticket_keys;

 private:
  void add(const ServerOptions& options, const Credentials& credentials);
  static int on_server_name(SSL* ssl, int* alert, void* snapshot) noexcept;
  static int on_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                     unsigned int offered_bytes, void* snapshot) noexcept;

  const std::string alpn_;  // as it is sent
  std::vector<Certificate> authorities_;
  Store store_;  // of these; null: no certificate is asked for
  std::vector<SslContext> contexts_;
  HostNames names_;
};

}  // namespace marty::tls::internal
