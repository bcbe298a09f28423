// Host: a machine of the simulated world – its address, its listeners, the signals of its processes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::runtime {
class Fiber;
}

namespace marty::runtime::internal {

class SimulatedDriver;
class Host;

class SimulatedListener final : public ListenerBackend {
 public:
  SimulatedListener(Host& host, Address address, std::size_t backlog);
  ~SimulatedListener() override;
  Socket accept() override;
  std::optional<Socket> try_accept() override;
  void refuse_new() noexcept override;
  std::uint64_t turned_away() const noexcept override { return 0; }
  Address local_address() const override { return address_; }
  bool offer(Socket& socket);  // false: the backlog is full
  void close() noexcept;       // its host crashed, or it goes

 private:
  Host& host_;
  const Address address_;
  const std::size_t backlog_;
  std::deque<Socket> pending_;
  Fiber* acceptor_ = nullptr;
  bool listens_ = true;
  bool closed_ = false;
};

class Host final : public SimulatedHost {
 public:
  Host(SimulatedDriver& driver, std::string name, std::string ip)
      : driver_(driver), name_(std::move(name)), ip_(std::move(ip)) {}

  const std::string& name() const override { return name_; }
  Address address(std::uint16_t port) const override { return Address::ip(ip_, port); }
  void run(const std::function<void()>& function) override;
  void start(std::function<void()> function) override;
  void raise(int signal) override;
  void crash() override;

  const std::string& ip() const noexcept { return ip_; }
  SimulatedDriver& driver() noexcept { return driver_; }
  int wait_for_signal(std::span<const int> signals);
  Address free_address();  // with a port that nobody listens on
  // By port, or by path.
  SimulatedListener* find_listener(const Address& address) const;
  void add_listener(const Address& address, SimulatedListener& listener);
  void remove_listener(const Address& address) noexcept;

 private:
  struct SignalWait;
  // The addresses of one host differ in port or path only.
  static std::string key(const Address& address) {
    return address.is_unix() ? address.host() : std::to_string(address.port());
  }

  SimulatedDriver& driver_;
  const std::string name_;
  const std::string ip_;
  std::map<std::string, SimulatedListener*> listeners_;
  std::vector<SignalWait*> signal_waits_;
  std::vector<int> pending_signals_;
  std::uint16_t last_port_ = 32'767;
};

}  // namespace marty::runtime::internal
