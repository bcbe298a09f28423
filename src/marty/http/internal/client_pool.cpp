#include "marty/http/internal/client_pool.hpp"

#include <algorithm>
#include <mutex>

#include "marty/base/error.hpp"
#include "marty/http/internal/client_exchange.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/tls/tls.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kPoolSweepInterval = std::chrono::seconds(1);
// A connection of HTTP/2 on which nothing comes any more would otherwise be used until TCP gives it up.
constexpr Http2ConnectionOptions kHttp2{.ping_interval = std::chrono::seconds(5),
                                        .ping_timeout = std::chrono::seconds(5)};

}  // namespace

class ClientPool::Origin {
 public:
  explicit Origin(std::size_t connections) : places(connections) {}

  bool is_unused() const noexcept { return users == 0 && idle_.empty() && http2 == nullptr; }

  std::unique_ptr<ClientConnection> take_idle(runtime::TimePoint not_before) {
    close_idle_before(not_before);
    while (!idle_.empty()) {
      std::unique_ptr<ClientConnection> connection = std::move(idle_.back()->connection);
      idle_.pop_back();
      if (connection->is_quiet()) return connection;
    }
    return nullptr;
  }
  void keep(std::unique_ptr<ClientConnection> connection) {
    idle_.push_back(std::make_unique<Idle>(*this, std::move(connection)));
    idle_.back()->connection->park(idle_.back().get());
  }
  void close_idle_before(runtime::TimePoint time) {
    const auto fresh =
        std::find_if(idle_.begin(), idle_.end(), [time](const auto& idle) { return idle->since >= time; });
    idle_.erase(idle_.begin(), fresh);
    if (http2 != nullptr && http2->streams() == 0 && (http2_used < time || !http2->is_usable())) http2.reset();
  }

  // An attempt to connect has ended.
  void connected() noexcept { failure_ = nullptr; }
  void failed(std::exception_ptr failure) noexcept {
    failure_ = std::move(failure);
    ++failures_;
  }
  std::uint64_t failures() const noexcept { return failures_; }
  // Where one has failed since there were so many, and none has gone well behind it.
  void throw_if_failed_since(std::uint64_t failures) const {
    if (failures_ != failures && failure_ != nullptr) std::rethrow_exception(failure_);
  }

  std::size_t users = 0;                   // with a place, or waiting for one or for a connection
  runtime::Semaphore places;               // of connections of HTTP/1.1
  runtime::Mutex connecting;               // to find out which version it speaks
  std::shared_ptr<Http2Connection> http2;  // shared with its exchanges
  runtime::TimePoint http2_used{};
  bool speaks_http1 = false;  // as far as is known, only that

 private:
  // Listens while nobody uses the connection: whatever arrives then, it is of no more use.
  struct Idle final : runtime::ReadableCallback {
    Idle(Origin& of, std::unique_ptr<ClientConnection> idle) : origin(of), connection(std::move(idle)) {}
    void on_readable() noexcept override {
      std::erase_if(origin.idle_, [this](const auto& idle) { return idle.get() == this; });
    }
    Origin& origin;
    std::unique_ptr<ClientConnection> connection;
    const runtime::TimePoint since = runtime::now();
  };

  std::vector<std::unique_ptr<Idle>> idle_;  // the longest idle first
  std::exception_ptr failure_;               // what the last attempt to connect came to
  std::uint64_t failures_ = 0;
};

ClientPool::ClientPool(const ClientOptions& options, std::function<const tls::ClientContext&()> tls)
    : options_(options), tls_(std::move(tls)) {}
ClientPool::~ClientPool() = default;

std::unique_ptr<ClientExchange> ClientPool::open(const Url& url, bool fresh) {
  if (std::shared_ptr<Http2Connection> connection = http2(url))
    return std::make_unique<Http2Exchange>(std::move(connection), url);
  return std::make_unique<Http1Exchange>(*this, url, fresh);
}

// A server that cannot be trusted is not there. That somebody could not be authenticated is for our own callers to
// hear.
tls::Session ClientPool::shake_hands(runtime::Socket socket, const std::string& host,
                                     const std::vector<std::string>& alpn) {
  try {
    return tls_().connect(std::move(socket), host, &alpn);
  } catch (const Error& error) {
    if (error.code() != Code::unauthenticated) throw;
    throw Error(Code::unavailable, error.message(), std::current_exception());
  }
}

// The timeout of connecting is ours, an earlier deadline is the caller's.
ClientPool::Connected ClientPool::connect(Origin& origin, const Url& url, Protocol protocol) {
  try {
    Connected connected = try_to_connect(url, protocol);
    origin.connected();
    return connected;
  } catch (const Error& error) {
    if (error.code() == Code::cancelled || runtime::deadline() <= runtime::now()) throw;
    if (error.code() != Code::deadline_exceeded) {
      origin.failed(std::current_exception());
      throw;
    }
    const Error late(Code::unavailable, url.authority + " did not answer in time: " + error.message(),
                     std::current_exception());
    origin.failed(std::make_exception_ptr(late));
    throw late;
  }
}

ClientPool::Connected ClientPool::try_to_connect(const Url& url, Protocol protocol) {
  const runtime::DeadlineScope scope(options_.connect_timeout);
  runtime::Socket socket = runtime::connect(url.host, url.port);
  if (!url.secure) return {std::move(socket), protocol == Protocol::http2};
  std::vector<std::string> alpn;
  if (protocol != Protocol::http1) alpn.push_back("h2");
  if (protocol != Protocol::http2) alpn.push_back("http/1.1");
  tls::Session session = shake_hands(std::move(socket), url.host, alpn);
  const bool agreed = session.alpn == "h2";
  if (protocol == Protocol::http2 && !agreed)
    throw Error(Code::unavailable, url.authority + " does not speak HTTP/2, and nothing else is wanted");
  return {std::move(session.socket), agreed};
}

// The connection of HTTP/2 to that origin; null where it has HTTP/1.1. One fiber finds out, the others wait for that.
std::shared_ptr<Http2Connection> ClientPool::http2(const Url& url) {
  const bool possible =
      options_.protocol == Protocol::http2 || (options_.protocol == Protocol::automatic && url.secure);
  if (!possible) return nullptr;
  Origin& origin = origin_of(url);
  const Presence presence(origin.users);
  const std::uint64_t failures_before = origin.failures();
  const auto usable = [&] { return origin.http2 != nullptr && origin.http2->is_usable(); };
  if (!usable() && !origin.speaks_http1) {
    const std::lock_guard lock(origin.connecting);
    if (!usable() && !origin.speaks_http1) {
      origin.throw_if_failed_since(failures_before);
      Connected connected = connect(origin, url, options_.protocol);
      if (connected.http2) {
        origin.http2 = std::make_shared<Http2Connection>(std::move(connected.socket), kHttp2);
      } else {
        origin.speaks_http1 = true;
        origin.keep(std::make_unique<ClientConnection>(std::move(connected.socket)));
      }
    }
  }
  if (origin.speaks_http1) return nullptr;
  origin.http2_used = runtime::now();
  return origin.http2;
}

ClientPool::Origin& ClientPool::origin_of(const Url& url) {
  close_expired();
  std::string key = (url.secure ? "s " : "p ") + url.host + ' ' + std::to_string(url.port);
  auto found = origins_.find(key);
  if (found == origins_.end()) {
    found = origins_.emplace(std::move(key), std::make_unique<Origin>(options_.connections_per_origin)).first;
  }
  return *found->second;
}

// At most once a second, on the way of a request: it also closes the connections to origins that nobody asks any more,
// and forgets those.
void ClientPool::close_expired() {
  const runtime::TimePoint now = runtime::now();
  if (now - last_sweep_ < kPoolSweepInterval) return;
  last_sweep_ = now;
  for (const auto& [key, origin] : origins_) origin->close_idle_before(now - options_.idle_timeout);
  std::erase_if(origins_, [](const auto& entry) { return entry.second->is_unused(); });
}

ClientPool::Lease::Lease(ClientPool& pool, const Url& url)
    : pool_(pool),
      origin_(pool.origin_of(url)),
      presence_(origin_.users),
      url_(url),
      failures_before_(origin_.failures()) {
  origin_.places.acquire();
}

ClientPool::Lease::~Lease() {
  if (connection_ != nullptr && connection_->reusable()) origin_.keep(std::move(connection_));
  connection_.reset();
  origin_.places.release();
}

ClientConnection& ClientPool::Lease::connect(bool fresh) {
  connection_.reset();
  if (!fresh) connection_ = origin_.take_idle(runtime::now() - pool_.options_.idle_timeout);
  reused_ = connection_ != nullptr;
  if (!reused_) {
    origin_.throw_if_failed_since(failures_before_);
    connection_ = std::make_unique<ClientConnection>(pool_.connect(origin_, url_, Protocol::http1).socket);
  }
  connection_->begin_exchange();
  return *connection_;
}

}  // namespace marty::http::internal
