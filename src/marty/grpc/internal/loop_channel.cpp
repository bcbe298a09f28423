#include "marty/grpc/internal/loop_channel.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/presence.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"
#include "marty/tls/tls.hpp"

namespace marty::grpc::internal {
namespace {

constexpr runtime::Duration kResolveEvery = std::chrono::seconds(30);
constexpr runtime::Duration kResolveAfterFailure = std::chrono::seconds(1);
constexpr runtime::Duration kPauseInNeed = std::chrono::milliseconds(50);  // for each failure so far

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
  // The place's name outlives it.
  Endpoint(const Target::Place& place, const ChannelOptions& options) : place_(place), options_(options) {}

  const runtime::Address& address() const noexcept { return place_.address; }

  // The least busy of its connections: one that takes a stream at once or, where there may be no more of them, one in
  // which streams wait. Null: connect.
  http::Http2Connection* connection() {
    std::erase_if(connections_, [](const auto& each) { return !each->is_usable() && each->streams() == 0; });
    http::Http2Connection* best = nullptr;
    std::size_t usable = 0;
    for (const auto& each : connections_) {
      if (!each->is_usable()) continue;
      ++usable;
      if (best == nullptr || each->streams() < best->streams()) best = each.get();
    }
    const bool has_room = best != nullptr && best->streams() < best->max_streams();
    return has_room || usable >= options_.connections_per_address ? best : nullptr;
  }

  // In need, which is where there is no other, the pause is a short one.
  bool is_left_alone(bool in_need) const {
    if (failures_ == 0) return false;
    return runtime::now() < failed_at_ + (in_need ? std::min(pause_, failures_ * kPauseInNeed) : pause_);
  }
  bool is_in_use() const {
    return connecting_fibers_ != 0 ||
           std::any_of(connections_.begin(), connections_.end(), [](const auto& each) { return each->streams() != 0; });
  }

  // One fiber connects at a time; the others get what it got, a connection or a failure.
  http::Http2Connection& connect() {
    const Presence presence(connecting_fibers_);
    const int failures = failures_;
    const std::lock_guard lock(connecting_);
    if (http::Http2Connection* const found = connection()) return *found;
    if (failures_ > failures) std::rethrow_exception(failure_);
    try {
      connections_.push_back(open());
      failures_ = 0;
    } catch (const Error& error) {
      const bool ours = error.code() != Code::cancelled && runtime::deadline() > runtime::now();
      if (error.code() == Code::unavailable || ours) note_failure();
      throw;
    }
    return *connections_.back();
  }

 private:
  void note_failure() {
    failure_ = std::current_exception();
    failed_at_ = runtime::now();
    pause_ = backoff_after(++failures_);
  }
  std::unique_ptr<http::Http2Connection> open() {
    const runtime::DeadlineScope scope(options_.connect_timeout);
    runtime::Socket socket = runtime::connect(place_.address);
    if (options_.tls != nullptr) socket = secure(std::move(socket));
    return std::make_unique<http::Http2Connection>(
        std::move(socket),
        http::Http2ConnectionOptions{.ping_interval = options_.ping_interval, .ping_timeout = options_.ping_timeout});
  }
  runtime::Socket secure(runtime::Socket socket) {
    static const std::vector<std::string> kAlpn{"h2"};
    tls::Session session = options_.tls->connect(std::move(socket), place_.name, &kAlpn);
    if (session.alpn != "h2") throw Error(Code::unavailable, "the server does not speak HTTP/2");
    return std::move(session.socket);
  }

  const Target::Place place_;
  const ChannelOptions& options_;
  std::vector<std::unique_ptr<http::Http2Connection>> connections_;
  runtime::Mutex connecting_;
  std::size_t connecting_fibers_ = 0;
  int failures_ = 0;
  std::exception_ptr failure_;
  runtime::TimePoint failed_at_{};
  runtime::Duration pause_{0};
};

LoopChannel::LoopChannel(const Target& target, const ChannelOptions& options) : target_(target), options_(options) {}
LoopChannel::~LoopChannel() = default;

http::Http2Connection& LoopChannel::pick() {
  resolve_when_due();
  for (const bool in_need : {false, true}) {
    if (http::Http2Connection* const found = pick_among(in_need)) return *found;
  }
  try {
    MARTY_CHECK(failure_ != nullptr);
    std::rethrow_exception(failure_);
  } catch (const Error& error) {
    throw Error(Code::unavailable, "cannot be reached: " + error.message(), std::current_exception());
  }
}

// Null where all are left alone, or have failed.
http::Http2Connection* LoopChannel::pick_among(bool in_need) {
  for (std::size_t tried = 0; tried < endpoints_.size(); ++tried) {
    Endpoint& endpoint = *endpoints_[next_++ % endpoints_.size()];
    if (http::Http2Connection* const found = endpoint.connection()) return found;
    if (endpoint.is_left_alone(in_need)) continue;
    try {
      return &endpoint.connect();
    } catch (const Error& error) {
      failure_ = std::current_exception();
      if (error.code() == Code::cancelled || runtime::deadline() <= runtime::now()) throw;
      resolved_at_ = std::min(resolved_at_, runtime::now() - kResolveEvery + kResolveAfterFailure);
    }
  }
  return nullptr;
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
      throw Error(Code::unavailable, "cannot be reached: " + error.message(), std::current_exception());
    }
  }
  resolved_at_ = runtime::now();
}

void LoopChannel::take_over(const std::vector<Target::Place>& places) {
  if (places.empty()) throw Error(Code::not_found, "the name has no address");
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  for (const Target::Place& place : places) {
    const auto known = std::find_if(endpoints_.begin(), endpoints_.end(), [&](const auto& each) {
      return each != nullptr && each->address() == place.address;
    });
    endpoints.push_back(known != endpoints_.end() ? std::move(*known) : std::make_unique<Endpoint>(place, options_));
  }
  for (auto& left : endpoints_) {
    if (left != nullptr) retired_.push_back(std::move(left));
  }
  endpoints_ = std::move(endpoints);
}

void LoopChannel::drop_retired() {
  std::erase_if(retired_, [](const auto& endpoint) { return !endpoint->is_in_use(); });
}

const telemetry::SpanSite& LoopChannel::site(const Method& method) {
  const auto found = sites_.find(method.path);
  if (found != sites_.end()) return *found->second;
  const std::string_view name = method.path.substr(1);
  const telemetry::SpanSite& site = telemetry::SpanSite::get(name, {{"rpc.system.name", "grpc"}, {"rpc.method", name}});
  sites_.emplace(method.path, &site);
  return site;
}

}  // namespace marty::grpc::internal
