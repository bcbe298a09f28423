// SessionCache: what a client needs to resume sessions with servers it has been connected to. For all threads.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "marty/base/time.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {

class SessionCache {
 public:
  static constexpr std::size_t kMaxServers = 1024;  // the one that was asked for the longest ago goes
  static constexpr std::size_t kMaxSessions = 4;    // of one server; the oldest goes

  // `server`: all that a session is good for: host, port and protocols.
  void put(const std::string& server, SslSession session, Timestamp now);
  // The newest that is still good; null: none. Of TLS 1.3 each is handed out once, so that nobody on the way can tell
  // which connections are of one client (RFC 8446 appendix C.4).
  SslSession take(const std::string& server, Timestamp now);

 private:
  struct Entry {
    SslSession session;
    Timestamp until;
  };
  struct Server {
    std::string name;
    std::deque<Entry> sessions;  // the oldest first
  };
  using Servers = std::list<Server>;  // the one used last first

  std::mutex mutex_;
  Servers servers_;
  std::unordered_map<std::string, Servers::iterator> by_name_;
};

}  // namespace marty::tls::internal
