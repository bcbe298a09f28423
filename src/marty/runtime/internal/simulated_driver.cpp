#include "marty/runtime/internal/simulated_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"

namespace marty::runtime::internal {
namespace {

// As Linux: a lost or held-back SYN is sent again after 1, 2, 4 … seconds; connect(2) gives up after about two minutes.
constexpr Duration kFirstConnectRetry = std::chrono::seconds(1);
constexpr Duration kConnectGivesUp = std::chrono::seconds(127);

constexpr std::uint64_t kTracePrime = 0x100000001b3;  // FNV-1a, by words

bool any_of(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SimulatedDriver::SimulatedDriver(const SimulationOptions& options)
    : start_(options.start == Timestamp{} ? Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1))
                                          : options.start),
      max_events_(options.max_events),
      random_(options.seed) {}

SimulatedDriver::~SimulatedDriver() {
  readable_.clear();
  queue_ = {};
}

Timestamp SimulatedDriver::wall_now() noexcept {
  return start_ + std::chrono::duration_cast<Timestamp::duration>(elapsed());
}

void SimulatedDriver::random_bytes(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t word = random_.next();
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(bytes.data(), &word, size);
    bytes = bytes.subspan(size);
  }
}

void SimulatedDriver::trace(std::string_view kind, std::uint64_t id, std::string_view bytes) noexcept {
  const auto mix = [this](std::uint64_t word) { trace_hash_ = (trace_hash_ ^ word) * kTracePrime; };
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  mix(static_cast<unsigned char>(kind.front()));
  mix(id);
  mix(bytes.size());
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    mix(word);
  }
  for (const char byte : bytes) mix(static_cast<unsigned char>(byte));
}

void SimulatedDriver::restart() {
  stuck_.clear();
  failure_ = nullptr;
}

void SimulatedDriver::give_up(std::string reason) {
  stuck_ = std::move(reason);
  scheduler_->cancel_all();
}

void SimulatedDriver::fail(std::exception_ptr failure) {
  if (failure_ == nullptr) failure_ = std::move(failure);
  if (stuck_.empty()) give_up("a host failed");
}

void SimulatedDriver::poll(TimePoint until) {
  trace("poll", scheduler_->fibers_started(), {});
  if (until == TimePoint::min() || !readable_.empty()) return;
  if (!queue_.empty()) until = std::min(until, queue_.top().time);
  if (until != kNever) {
    now_ = std::max(now_, until);
    return;
  }
  std::string names;
  for (const std::string& name : scheduler_->live_fiber_names()) names += (names.empty() ? "" : ", ") + name;
  if (!stuck_.empty()) {
    std::fprintf(stderr, "marty: the simulation cannot end, these fibers wait for ever under a shield: %s\n",
                 names.c_str());
    std::abort();
  }
  give_up(fmt::format("the simulation is stuck after {} s: nothing will ever happen that these fibers wait for: {}",
                      std::chrono::duration<double>(elapsed()).count(), names));
}

void SimulatedDriver::dispatch() noexcept {
  while (!queue_.empty() && queue_.top().time <= now_) {
    const Event event = queue_.top();
    queue_.pop();
    if (++events_ == max_events_ && stuck_.empty())
      give_up(fmt::format("the simulation had {} events without coming to an end", events_));
    fire(event);
  }
  for (std::size_t left = readable_.size(); left > 0; --left) {
    const auto [connection, end] = std::move(readable_.front());
    readable_.pop_front();
    ReadableCallback* const callback = std::exchange(end->parked, nullptr);
    if (callback == nullptr) continue;
    scheduler_->exchange_callback_host(end->host);
    scheduler_->beat();
    callback->on_readable();
    scheduler_->exchange_callback_host(nullptr);
  }
}

void SimulatedDriver::fire(const Event& event) {
  Connection& connection = *event.connection;
  if (event.side == kCut) {
    trace("cut", connection.id, {});
    return connection.reset();
  }
  if (partitioned(*connection.ends[0].host, *connection.ends[1].host)) {
    ++connection.ends[event.side].held;
  } else {
    connection.arrive(event.side);
  }
}

void SimulatedDriver::schedule(TimePoint time, Connection& connection, int side) {
  queue_.push({time, ++sequence_, connection.shared_from_this(), side});
}

void SimulatedDriver::transmit(Connection& connection, int side, Segment segment) {
  End& from = connection.ends[side];
  TimePoint arrival = now_ + latency();
  if (chance(loss_)) arrival += retransmit_;
  from.last_arrival = std::max(from.last_arrival, arrival);
  from.outgoing.push_back(std::move(segment));
  schedule(from.last_arrival, connection, side);
}

void SimulatedDriver::call_back(Connection& connection, End& end) {
  readable_.emplace_back(connection.shared_from_this(), &end);
}

Duration SimulatedDriver::latency() noexcept {
  const auto span = static_cast<double>((latency_max_ - latency_min_).count());
  return latency_min_ + Duration(static_cast<std::int64_t>(span * random_.unit()));
}

void SimulatedDriver::set_latency(Duration min, Duration max) {
  if (min < Duration::zero() || max < min)
    throw Error(Code::invalid_argument, "latency: 0 <= min <= max does not hold");
  latency_min_ = min;
  latency_max_ = max;
}

void SimulatedDriver::set_loss(double probability, Duration retransmit) {
  loss_ = probability;
  retransmit_ = retransmit;
}

void SimulatedDriver::set_connection_cut(double probability, std::size_t bytes, Duration time) {
  cut_ = probability;
  cut_bytes_ = bytes;
  cut_time_ = time;
}

void SimulatedDriver::cut_all(std::string_view host_name) { cut(host(host_name)); }

void SimulatedDriver::cut(const Host& host) {
  std::vector<std::shared_ptr<Connection>> affected;
  for (const auto& [id, connection] : connections_) {
    if (connection->ends[0].host == &host || connection->ends[1].host == &host)
      affected.push_back(connection->shared_from_this());
  }
  for (const auto& connection : affected) connection->reset();
}

void SimulatedDriver::partition(std::vector<std::string> side, std::vector<std::string> other) {
  partitions_.emplace_back(std::move(side), std::move(other));
}

void SimulatedDriver::heal() {
  partitions_.clear();
  for (const auto& [id, connection] : connections_) {
    for (int side : {0, 1}) {
      End& end = connection->ends[side];
      end.last_arrival = std::max(end.last_arrival, now_ + latency());
      for (; end.held > 0; --end.held) schedule(end.last_arrival, *connection, side);
    }
  }
}

bool SimulatedDriver::partitioned(const Host& left, const Host& right) const {
  return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& partition) {
    return (any_of(partition.first, left.name()) && any_of(partition.second, right.name())) ||
           (any_of(partition.first, right.name()) && any_of(partition.second, left.name()));
  });
}

Host& SimulatedDriver::host(std::string_view name) {
  if (const auto found = hosts_by_name_.find(name); found != hosts_by_name_.end()) return *found->second;
  const std::size_t number = hosts_.size() + 1;
  hosts_.push_back(std::make_unique<Host>(
      *this, std::string(name), fmt::format("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)));
  return *(hosts_by_name_[std::string(name)] = hosts_.back().get());
}

Host& SimulatedDriver::current_host() {
  Host* host = scheduler_->current_host();
  MARTY_CHECK(host != nullptr);
  return *host;
}

Host* SimulatedDriver::find_host(const Address& address) {
  if (address.is_unix() || address.is_loopback()) return &current_host();
  const std::string ip = address.host();
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& host) { return host->ip() == ip; });
  return found == hosts_.end() ? nullptr : found->get();
}

Listener SimulatedDriver::listen(const Address& address, const ListenOptions& options) {
  Host& host = current_host();
  Address bound = address;
  if (!address.is_unix()) bound = address.port() == 0 ? host.free_address() : host.address(address.port());
  if (host.find_listener(bound) != nullptr) {
    throw Error(Code::already_exists,
                fmt::format("{} on host {} is taken: another listener has it", address.to_string(), host.name()));
  }
  return Listener(
      std::make_unique<SimulatedListener>(host, bound, static_cast<std::size_t>(std::max(1, options.backlog))));
}

void SimulatedDriver::pause(Duration duration, const Address& address) {
  const TimePoint until = now_ + duration;
  const Wake woken = scheduler_->wait(until);
  if (woken == Wake::cancelled || now_ < until)
    scheduler_->throw_interrupted(woken, "connecting to " + address.to_string());
}

Socket SimulatedDriver::connect(const Address& address) {
  Host& from = current_host();
  Host* const to = find_host(address);
  const std::string text = address.to_string();
  const TimePoint gives_up = now_ + kConnectGivesUp;
  Duration retry = kFirstConnectRetry;
  pause(latency(), address);
  while (to == nullptr || partitioned(from, *to) || chance(loss_)) {
    if (now_ >= gives_up) throw Error(Code::unavailable, "cannot connect to " + text + ": it does not answer");
    pause(std::min(retry, gives_up - now_), address);
    retry *= 2;
  }
  SimulatedListener* const listener = to->find_listener(address);
  if (listener == nullptr) {
    pause(latency(), address);
    throw Error(Code::unavailable, "cannot connect to " + text + ": connection refused, nobody listens there");
  }
  const auto connection = new_connection(from, *to, address);
  Socket local(std::make_unique<SimulatedSocket>(connection, 0));
  Socket remote(std::make_unique<SimulatedSocket>(connection, 1));
  if (!listener->offer(remote))
    throw Error(Code::unavailable, "cannot connect to " + text + ": the listener's backlog is full");
  pause(latency(), address);
  return local;
}

std::shared_ptr<Connection> SimulatedDriver::new_connection(Host& from, Host& to, const Address& address) {
  auto connection = std::make_shared<Connection>(*this, ++last_connection_id_);
  connections_[connection->id] = connection.get();
  trace("connect", connection->id, {});
  connection->ends[0].host = &from;
  connection->ends[0].address = address.is_unix() ? address : from.free_address();
  connection->ends[1].host = &to;
  connection->ends[1].address = address.is_unix() ? address : to.address(address.port());
  if (chance(cut_)) {
    if (random_.unit() < 0.5) {
      connection->cut_after_bytes = 1 + static_cast<std::size_t>(random_.unit() * static_cast<double>(cut_bytes_));
    } else {
      schedule(now_ + Duration(static_cast<std::int64_t>(random_.unit() * static_cast<double>(cut_time_.count()))),
               *connection, kCut);
    }
  }
  return connection;
}

std::vector<Address> SimulatedDriver::resolve(std::string_view name, std::uint16_t port) {
  if (name == "localhost") return {Address::ip("127.0.0.1", port)};
  const auto found = hosts_by_name_.find(name);
  if (found == hosts_by_name_.end())
    throw Error(Code::not_found, fmt::format("no host of this simulation is called {}", name));
  return {found->second->address(port)};
}

int SimulatedDriver::wait_for_signal(std::span<const int> signals) { return current_host().wait_for_signal(signals); }

}  // namespace marty::runtime::internal
