// EpollListener: accepts in batches, and keeps one descriptor in reserve so that a process out of descriptors can still
// turn clients away.
#pragma once

#include <deque>
#include <string>

#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/net.hpp"

namespace marty::runtime {
class Fiber;
}

namespace marty::runtime::internal {

class EpollListener final : public ListenerBackend, public EpollSource {
 public:
  EpollListener(Scheduler& scheduler, Epoll& epoll, const Address& address, const ListenOptions& options);
  ~EpollListener() override;

  Socket accept() override;
  std::optional<Socket> try_accept() override;
  void refuse_new() noexcept override;
  std::uint64_t turned_away() const noexcept override { return turned_away_; }
  Address local_address() const override { return address_; }
  void on_events(std::uint32_t events) noexcept override;

 private:
  struct Accepted {
    int descriptor;
    Address peer;
  };
  void bind(const Address& address, const ListenOptions& options);
  void accept_batch();
  Socket take_accepted();
  bool turn_one_away() noexcept;  // false where even that needs a descriptor that nobody has

  Scheduler& scheduler_;
  Epoll& epoll_;
  Address address_;
  int descriptor_ = -1;
  int reserve_ = -1;
  Fiber* waiter_ = nullptr;
  bool pending_ = true;  // accept4(2) may find somebody
  bool bound_path_ = false;
  std::uint64_t turned_away_ = 0;
  std::deque<Accepted> accepted_;
};

}  // namespace marty::runtime::internal
