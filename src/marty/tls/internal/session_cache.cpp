#include "marty/tls/internal/session_cache.hpp"

#include <algorithm>

#include "marty/tls/internal/identity.hpp"
#include "marty/tls/internal/settings.hpp"

namespace marty::tls::internal {
namespace {

// The server's word, our own limit, and the end of the certificate that vouched for the server.
Timestamp end_of(const SSL_SESSION* session, Timestamp now) {
  std::chrono::seconds lifetime = kSessionLifetime;
  if (const unsigned long told = SSL_SESSION_get_ticket_lifetime_hint(session); told != 0)
    lifetime = std::min(lifetime, std::chrono::seconds(told));
  const X509* const certificate = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return certificate != nullptr ? std::min(now + lifetime, not_after_of(certificate)) : now + lifetime;
}

}  // namespace

void SessionCache::put(const std::string& server, SslSession session, Timestamp now) {
  if (SSL_SESSION_is_resumable(session.get()) == 0) return;
  const Timestamp until = end_of(session.get(), now);
  const std::lock_guard lock(mutex_);
  if (const auto known = by_name_.find(server); known != by_name_.end()) {
    servers_.splice(servers_.begin(), servers_, known->second);
  } else {
    servers_.push_front({server, {}});
    by_name_.emplace(server, servers_.begin());
  }
  std::deque<Entry>& sessions = servers_.front().sessions;
  sessions.push_back({std::move(session), until});
  if (sessions.size() > kMaxSessions) sessions.pop_front();
  if (servers_.size() > kMaxServers) {
    by_name_.erase(servers_.back().name);
    servers_.pop_back();
  }
}

SslSession SessionCache::take(const std::string& server, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(server);
  if (known == by_name_.end()) return nullptr;
  servers_.splice(servers_.begin(), servers_, known->second);
  std::deque<Entry>& sessions = servers_.front().sessions;
  while (!sessions.empty()) {
    SSL_SESSION* const newest = sessions.back().session.get();
    if (sessions.back().until <= now || SSL_SESSION_is_resumable(newest) == 0) {
      sessions.pop_back();
    } else if (SSL_SESSION_get_protocol_version(newest) >= TLS1_3_VERSION) {
      SslSession session = std::move(sessions.back().session);
      sessions.pop_back();
      return session;
    } else {
      SSL_SESSION_up_ref(newest);
      return SslSession(newest);
    }
  }
  return nullptr;
}

}  // namespace marty::tls::internal
