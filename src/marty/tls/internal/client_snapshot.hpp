// ClientSnapshot: what a ClientContext made of its files, and the sessions that were made under these.
#pragma once

#include <memory>
#include <string>

#include "marty/tls/internal/openssl.hpp"
#include "marty/tls/internal/peer_check.hpp"
#include "marty/tls/internal/pem.hpp"
#include "marty/tls/internal/session_cache.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

struct ClientFiles {
  File ca;           // empty where nothing is verified
  File certificate;  // empty where none is shown
  File key;

  static ClientFiles read(const ClientOptions& options);
  std::string digest() const;
};

struct ClientSnapshot {
  ClientSnapshot(const ClientOptions& options, const ClientFiles& files);

  const std::string digest;  // of all files
  SslContext context;
  mutable SessionCache sessions;  // gone when it changes whom we trust and who we are
};

// What the callbacks of one connection refer to, for as long as it lives.
struct ClientLink {
  std::shared_ptr<const ClientSnapshot> snapshot;
  std::string server;  // its name in the cache of sessions
  PeerCheck check;
};

}  // namespace marty::tls::internal
