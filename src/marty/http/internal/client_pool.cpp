#include "marty/http/internal/client_pool.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kSweepInterval = std::chrono::seconds(1);

// Why nothing came: the timeout of connecting is ours, an earlier deadline is the caller's.
runtime::Socket connect_within(const Url& url, runtime::Duration timeout) {
  const runtime::DeadlineScope scope(timeout);
  return runtime::connect(url.host, url.port);
}

}  // namespace

class ClientPool::Origin {
 public:
  explicit Origin(std::size_t connections) : places_(connections) {}

  void enter() {
    ++users_;
    try {
      places_.acquire();
    } catch (...) {
      --users_;
      throw;
    }
  }
  void leave() noexcept {
    places_.release();
    --users_;
  }
  bool is_unused() const noexcept { return users_ == 0 && idle_.empty(); }

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
  }

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

  runtime::Semaphore places_;
  std::size_t users_ = 0;                    // with a place, or waiting for one
  std::vector<std::unique_ptr<Idle>> idle_;  // the longest idle first
};

ClientPool::ClientPool(const ClientOptions& options) : options_(options) {}
ClientPool::~ClientPool() = default;

ClientPool::Origin& ClientPool::origin_of(const Url& url) {
  close_expired();
  std::string key = url.host + ' ' + std::to_string(url.port);
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
  if (now - last_sweep_ < kSweepInterval) return;
  last_sweep_ = now;
  for (const auto& [key, origin] : origins_) origin->close_idle_before(now - options_.idle_timeout);
  std::erase_if(origins_, [](const auto& entry) { return entry.second->is_unused(); });
}

ClientPool::Lease::Lease(ClientPool& pool, const Url& url) : pool_(pool), origin_(pool.origin_of(url)), url_(url) {
  origin_.enter();
}

ClientPool::Lease::~Lease() {
  if (connection_ != nullptr && connection_->reusable()) origin_.keep(std::move(connection_));
  connection_.reset();
  origin_.leave();
}

ClientConnection& ClientPool::Lease::connect(bool fresh) {
  connection_.reset();
  if (!fresh) connection_ = origin_.take_idle(runtime::now() - pool_.options_.idle_timeout);
  reused_ = connection_ != nullptr;
  if (!reused_) connection_ = std::make_unique<ClientConnection>(connect_within(url_, pool_.options_.connect_timeout));
  connection_->begin_exchange();
  return *connection_;
}

}  // namespace marty::http::internal
