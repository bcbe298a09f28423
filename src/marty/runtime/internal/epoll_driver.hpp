// EpollDriver: the real world of one loop.
#pragma once

#include <memory>

#include "marty/runtime/blocking.hpp"
#include "marty/runtime/internal/dns.hpp"
#include "marty/runtime/internal/driver.hpp"
#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/internal/signals.hpp"

namespace marty::runtime::internal {

class RealServices;

class EpollDriver final : public Driver {
 public:
  // `services`: what the loops of a World share.
  explicit EpollDriver(RealServices& services) : services_(services) {}

  void attach(Scheduler& scheduler) override;
  TimePoint now() noexcept override;
  Timestamp wall_now() noexcept override;
  void random_bytes(std::span<std::byte> bytes) override;
  void poll(TimePoint until) override;
  void dispatch() noexcept override { epoll_.dispatch(); }
  void wake() noexcept override { epoll_.wake(); }
  Listener listen(const Address& address, const ListenOptions& options) override;
  Socket connect(const Address& address) override;
  std::vector<Address> resolve(std::string_view host, std::uint16_t port) override;
  int wait_for_signal(std::span<const int> signals) override;
  BlockingPool* file_pool() noexcept override;

  Epoll* epoll() noexcept override { return &epoll_; }

 private:
  RealServices& services_;
  Scheduler* scheduler_ = nullptr;
  Epoll epoll_;
  std::unique_ptr<DnsResolver> dns_;
};

// What the loops of a real World share.
class RealServices {
 public:
  BlockingPool files{{.name = "files", .threads = 4, .queue = 4096}};
  std::unique_ptr<SignalHub> signals;  // on loop 0
};

}  // namespace marty::runtime::internal
