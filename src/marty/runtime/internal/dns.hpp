// DnsResolver: c-ares on a loop – /etc/hosts first, then the servers of /etc/resolv.conf, without blocking. One per
// loop, made on first use.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/internal/timer_heap.hpp"
#include "marty/runtime/net.hpp"

struct ares_channeldata;

namespace marty::runtime::internal {

struct DnsOptions {
  int timeout_ms = 2000;  // of the first try; c-ares doubles it with each
  int tries = 3;
  std::string servers;  // "127.0.0.1:5353,..."; empty: those of /etc/resolv.conf
};

class DnsResolver final : public Timer {
 public:
  DnsResolver(Scheduler& scheduler, Epoll& epoll, const DnsOptions& options = {});
  ~DnsResolver() override;
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // On a fiber. Throws not_found, unavailable.
  std::vector<Address> resolve(std::string_view host, std::uint16_t port);

  void on_timer() noexcept override;

 private:
  // One of c-ares's sockets. Level-triggered: c-ares may leave bytes in it.
  class Watch final : public EpollSource {
   public:
    Watch(DnsResolver& owner, int socket) : owner_(owner), socket_(socket) {}
    void on_events(std::uint32_t events) noexcept override;

   private:
    DnsResolver& owner_;
    int socket_;
  };
  void watch(int socket, std::uint32_t events) noexcept;
  static void on_socket_state(void* self, int socket, int readable, int writable) noexcept;
  void arm_timer() noexcept;

  Scheduler& scheduler_;
  Epoll& epoll_;
  ares_channeldata* channel_ = nullptr;
  std::map<int, Watch> watches_;
};

}  // namespace marty::runtime::internal
