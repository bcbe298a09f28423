// SimulatedDriver: the outside of a simulated world. A virtual clock, a queue of events and a network whose faults come
// from one seeded generator. Everything happens on one thread in an order that the seed alone decides.
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/runtime/internal/driver.hpp"
#include "marty/runtime/internal/random_engine.hpp"
#include "marty/runtime/internal/simulated_connection.hpp"
#include "marty/runtime/internal/simulated_host.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::runtime::internal {

class SimulatedDriver final : public Driver, public SimulatedNetwork {
 public:
  explicit SimulatedDriver(const SimulationOptions& options);
  ~SimulatedDriver() override;

  // Driver.
  void attach(Scheduler& scheduler) override { scheduler_ = &scheduler; }
  TimePoint now() noexcept override { return now_; }
  Timestamp wall_now() noexcept override;
  void random_bytes(std::span<std::byte> bytes) override;
  void poll(TimePoint until) override;
  void dispatch() noexcept override;
  void wake() noexcept override {}  // there are no other threads
  Listener listen(const Address& address, const ListenOptions& options) override;
  Socket connect(const Address& address) override;
  std::vector<Address> resolve(std::string_view host, std::uint16_t port) override;
  int wait_for_signal(std::span<const int> signals) override;
  BlockingPool* file_pool() noexcept override { return nullptr; }
  Epoll* epoll() noexcept override { return nullptr; }

  // SimulatedNetwork.
  void set_latency(Duration min, Duration max) override;
  void set_loss(double probability, Duration retransmit) override;
  void set_connection_cut(double probability, std::size_t bytes, Duration time) override;
  void cut_all(std::string_view host) override;
  void partition(std::vector<std::string> side, std::vector<std::string> other) override;
  void heal() override;

  // For connections.
  Scheduler& scheduler() noexcept { return *scheduler_; }
  void transmit(Connection& connection, int side, Segment segment);
  void call_back(Connection& connection, End& end);  // its parked callback, in the next dispatch()
  void forget(const Connection& connection) { connections_.erase(connection.id); }
  void trace(std::string_view kind, std::uint64_t id, std::string_view bytes) noexcept;

  // For the world and its hosts.
  Host& host(std::string_view name);
  void cut(const Host& host);
  Duration elapsed() const noexcept { return now_.time_since_epoch(); }
  std::uint64_t events() const noexcept { return events_; }
  std::uint64_t trace_hash() const noexcept { return trace_hash_; }
  void restart();  // before each run
  bool exhausted() const noexcept { return events_ >= max_events_; }
  void fail(std::exception_ptr failure);  // of a host's fiber: ends the simulation
  // Why the simulation was ended before its time; "" where it was not.
  const std::string& stuck() const noexcept { return stuck_; }
  std::exception_ptr failure() const noexcept { return failure_; }

 private:
  struct Event {
    TimePoint time;
    std::uint64_t sequence;
    std::shared_ptr<Connection> connection;
    int side;  // whose oldest segment arrives; kCut: the connection is cut
    bool operator>(const Event& other) const noexcept {
      return std::pair(time, sequence) > std::pair(other.time, other.sequence);
    }
  };
  static constexpr int kCut = -1;

  void schedule(TimePoint time, Connection& connection, int side);
  void fire(const Event& event);
  void give_up(std::string reason);
  Duration latency() noexcept;
  bool chance(double probability) noexcept { return probability > 0 && random_.unit() < probability; }
  bool partitioned(const Host& left, const Host& right) const;
  Host& current_host();
  Host* find_host(const Address& address);
  void pause(Duration duration, const Address& address);
  std::shared_ptr<Connection> new_connection(Host& from, Host& to, const Address& address);

  Scheduler* scheduler_ = nullptr;
  const Timestamp start_;
  const std::uint64_t max_events_;
  RandomEngine random_;
  TimePoint now_{};
  std::uint64_t events_ = 0;
  std::uint64_t trace_hash_ = 0xcbf29ce484222325;
  std::string stuck_;
  std::exception_ptr failure_;

  std::uint64_t sequence_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::deque<std::pair<std::shared_ptr<Connection>, End*>> readable_;
  std::uint64_t last_connection_id_ = 0;
  std::map<std::uint64_t, Connection*> connections_;

  std::vector<std::unique_ptr<Host>> hosts_;  // host i has the address 10.x.y.z with the number i + 1
  std::map<std::string, Host*, std::less<>> hosts_by_name_;
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> partitions_;
  Duration latency_min_ = std::chrono::microseconds(100);
  Duration latency_max_ = std::chrono::microseconds(500);
  double loss_ = 0;
  Duration retransmit_{0};
  double cut_ = 0;
  std::size_t cut_bytes_ = 0;
  Duration cut_time_{0};
};

}  // namespace marty::runtime::internal
