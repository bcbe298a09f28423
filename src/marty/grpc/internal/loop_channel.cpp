#include "marty/grpc/internal/loop_channel.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"
#include "marty/tls/tls.hpp"

namespace marty::grpc::internal {
namespace {

constexpr runtime::Duration kResolveEvery = std::chrono::seconds(30);
constexpr runtime::Duration kResolveAfterFailure = std::chrono::seconds(1);

// gRPC connection back-off protocol: a second at first, 1.6 times as much each time, two minutes at most, a fifth more
// or less.
runtime::Duration backoff_after(int failures) {
  constexpr double kFirst = 1, kFactor = 1.6, kMost = 120, kJitter = 0.2;
  const double seconds = std::min(kMost, kFirst * std::pow(kFactor, failures - 1));
  const double jitter = 1 + kJitter * (2 * runtime::random_unit() - 1);
  return std::chrono::duration_cast<runtime::Duration>(std::chrono::duration<double>(seconds * jitter));
}

}  // namespace

// One address.
class LoopChannel::Endpoint {
 public:
  Endpoint(const runtime::Address& address, const Target& target, const ChannelOptions& options)
      : address_(address), target_(target), options_(options) {}

  const runtime::Address& address() const noexcept { return address_; }

  // The least busy of its connections; null where none can take a stream at once.
  http::Http2Connection* free_connection() {
    std::erase_if(connections_, [](const auto& each) { return !each->is_usable() && each->streams() == 0; });
    http::Http2Connection* best = nullptr;
    for (const auto& each : connections_) {
      if (each->is_usable() && (best == nullptr || each->streams() < best->streams())) best = each.get();
    }
    return best != nullptr && best->streams() < best->max_streams() ? best : nullptr;
  }
  // Where all are full and there may be no more: streams wait in the least busy one.
  http::Http2Connection* any_connection() {
    http::Http2Connection* best = nullptr;
    std::size_t usable = 0;
    for (const auto& each : connections_) {
      if (!each->is_usable()) continue;
      ++usable;
      if (best == nullptr || each->streams() < best->streams()) best = each.get();
    }
    return usable >= options_.connections_per_address ? best : nullptr;
  }

  bool is_left_alone() const { return failures_ > 0 && runtime::now() < not_before_; }
  bool is_in_use() const {
    return connecting_fibers_ != 0 ||
           std::any_of(connections_.begin(), connections_.end(), [](const auto& each) { return each->streams() != 0; });
  }

  // One fiber connects at a time; the others find what it got.
  http::Http2Connection& connect() {
    const Presence presence(connecting_fibers_);
    const std::lock_guard lock(connecting_);
    if (http::Http2Connection* const ready = free_connection()) return *ready;
    try {
      connections_.push_back(open());
      failures_ = 0;
    } catch (const Error& error) {
      if (error.code() == Code::unavailable || runtime::deadline() > runtime::now()) {
        ++failures_;
        not_before_ = runtime::after(backoff_after(failures_));
      }
      throw;
    }
    return *connections_.back();
  }

 private:
  // Keeps the endpoint while a fiber waits in it.
  class Presence {
   public:
    explicit Presence(int& count) : count_(count) { ++count_; }
    ~Presence() { --count_; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    int& count_;
  };

  std::unique_ptr<http::Http2Connection> open() {
    const runtime::DeadlineScope scope(options_.connect_timeout);
    runtime::Socket socket = runtime::connect(address_);
    if (options_.tls != nullptr) socket = secure(std::move(socket));
    return std::make_unique<http::Http2Connection>(
        std::move(socket),
        http::Http2ConnectionOptions{.ping_interval = options_.ping_interval, .ping_timeout = options_.ping_timeout});
  }
  runtime::Socket secure(runtime::Socket socket) {
    static const std::vector<std::string> kAlpn{"h2"};
    tls::Session session = options_.tls->connect(std::move(socket), target_.server_name(), &kAlpn);
    if (session.alpn != "h2") throw Error(Code::unavailable, target_.text + " does not speak HTTP/2");
    return std::move(session.socket);
  }

  const runtime::Address address_;
  const Target& target_;
  const ChannelOptions& options_;
  std::vector<std::unique_ptr<http::Http2Connection>> connections_;
  runtime::Mutex connecting_;
  int connecting_fibers_ = 0;
  int failures_ = 0;
  runtime::TimePoint not_before_{};
};

LoopChannel::LoopChannel(const Target& target, const ChannelOptions& options) : target_(target), options_(options) {}
LoopChannel::~LoopChannel() = default;

http::Http2Connection& LoopChannel::pick() {
  resolve_when_due();
  std::exception_ptr failure;
  for (std::size_t tried = 0; tried < endpoints_.size(); ++tried) {
    Endpoint& endpoint = *endpoints_[next_++ % endpoints_.size()];
    if (http::Http2Connection* const ready = endpoint.free_connection()) return *ready;
    if (http::Http2Connection* const busy = endpoint.any_connection()) return *busy;
    if (endpoint.is_left_alone()) continue;
    try {
      return endpoint.connect();
    } catch (const Error& error) {
      if (error.code() == Code::cancelled || runtime::deadline() <= runtime::now()) throw;
      failure = std::current_exception();
      resolved_at_ = std::min(resolved_at_, runtime::now() - kResolveEvery + kResolveAfterFailure);
    }
  }
  throw Error(Code::unavailable, target_.text + " cannot be reached", failure);
}

// While one fiber asks, the others go on with the addresses of before.
void LoopChannel::resolve_when_due() {
  drop_retired();
  if (runtime::now() < resolved_at_ + kResolveEvery && !endpoints_.empty()) return;
  std::unique_lock lock(resolving_, std::try_to_lock);
  if (!lock.owns_lock()) {
    if (!endpoints_.empty()) return;
    lock.lock();
    if (!endpoints_.empty()) return;
  }
  try {
    const runtime::DeadlineScope scope(options_.connect_timeout);
    take_over(target_.resolve());
  } catch (const Error& error) {
    if (endpoints_.empty()) {
      if (error.code() == Code::cancelled || runtime::deadline() <= runtime::now()) throw;
      throw Error(Code::unavailable, target_.text + " cannot be reached", std::current_exception());
    }
  }
  resolved_at_ = runtime::now();
}

void LoopChannel::take_over(const std::vector<runtime::Address>& addresses) {
  if (addresses.empty()) throw Error(Code::not_found, target_.host + " has no address");
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  for (const runtime::Address& address : addresses) {
    const auto known = std::find_if(endpoints_.begin(), endpoints_.end(),
                                    [&](const auto& each) { return each != nullptr && each->address() == address; });
    endpoints.push_back(known != endpoints_.end() ? std::move(*known)
                                                  : std::make_unique<Endpoint>(address, target_, options_));
  }
  for (auto& left : endpoints_) {
    if (left != nullptr) retired_.push_back(std::move(left));
  }
  endpoints_ = std::move(endpoints);
}

void LoopChannel::drop_retired() {
  std::erase_if(retired_, [](const auto& endpoint) { return !endpoint->is_in_use(); });
}

}  // namespace marty::grpc::internal
