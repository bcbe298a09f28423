#include "marty/tls/internal/session_cache.hpp"

#include <gtest/gtest.h>

#include "marty/tls/internal/settings.hpp"

namespace marty::tls::internal {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow{std::chrono::hours(490'000)};

// One that could be resumed as far as OpenSSL can tell.
SslSession new_session(int version = TLS1_3_VERSION) {
  SslSession session(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(session.get(), version);
  const unsigned char id[] = "an id of a session";
  SSL_SESSION_set1_id(session.get(), id, sizeof id);
  return session;
}

TEST(SessionCache, gives_the_newest_first_and_each_once) {
  SessionCache cache;
  SslSession older = new_session(), newer = new_session();
  SSL_SESSION* const first = older.get();
  SSL_SESSION* const second = newer.get();
  cache.put("shop:443", std::move(older), kNow);
  cache.put("shop:443", std::move(newer), kNow);
  EXPECT_EQ(cache.take("shop:443", kNow).get(), second);
  EXPECT_EQ(cache.take("shop:443", kNow).get(), first);
  EXPECT_EQ(cache.take("shop:443", kNow), nullptr);
}

TEST(SessionCache, gives_those_of_tls12_again_and_again) {
  SessionCache cache;
  SslSession session = new_session(TLS1_2_VERSION);
  SSL_SESSION* const raw = session.get();
  cache.put("shop:443", std::move(session), kNow);
  EXPECT_EQ(cache.take("shop:443", kNow).get(), raw);
  EXPECT_EQ(cache.take("shop:443", kNow).get(), raw);
}

TEST(SessionCache, keeps_servers_apart) {
  SessionCache cache;
  cache.put("shop:443", new_session(), kNow);
  EXPECT_EQ(cache.take("shop:8443", kNow), nullptr);
  EXPECT_NE(cache.take("shop:443", kNow), nullptr);
}

TEST(SessionCache, forgets_what_is_too_old) {
  SessionCache cache;
  cache.put("shop:443", new_session(), kNow);
  EXPECT_EQ(cache.take("shop:443", kNow + kSessionLifetime), nullptr);
  cache.put("shop:443", new_session(), kNow);
  EXPECT_NE(cache.take("shop:443", kNow + kSessionLifetime - 1s), nullptr);
}

TEST(SessionCache, holds_so_many_of_a_server) {
  SessionCache cache;
  for (std::size_t i = 0; i < 2 * SessionCache::kMaxSessions; ++i) cache.put("shop:443", new_session(), kNow);
  std::size_t count = 0;
  while (cache.take("shop:443", kNow) != nullptr) ++count;
  EXPECT_EQ(count, SessionCache::kMaxSessions);
}

TEST(SessionCache, forgets_the_server_that_was_asked_for_the_longest_ago) {
  SessionCache cache;
  const auto name = [](std::size_t number) { return "host-" + std::to_string(number); };
  for (std::size_t i = 0; i < SessionCache::kMaxServers; ++i) cache.put(name(i), new_session(TLS1_2_VERSION), kNow);
  EXPECT_NE(cache.take(name(0), kNow), nullptr);
  cache.put("one more", new_session(), kNow);
  EXPECT_NE(cache.take(name(0), kNow), nullptr);
  EXPECT_EQ(cache.take(name(1), kNow), nullptr);
  EXPECT_NE(cache.take("one more", kNow), nullptr);
}

TEST(SessionCache, takes_nothing_that_cannot_be_resumed) {
  SessionCache cache;
  cache.put("shop:443", SslSession(SSL_SESSION_new()), kNow);
  EXPECT_EQ(cache.take("shop:443", kNow), nullptr);
}

}  // namespace
}  // namespace marty::tls::internal
