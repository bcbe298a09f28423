#include "marty/runtime/internal/dns.hpp"

#include <ares.h>
#include <fmt/format.h>
#include <sys/time.h>

#include <chrono>
#include <memory>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/native_address.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {
namespace {

// Shared by the waiting fiber and c-ares, because the fiber may leave first. The callback, which always comes, deletes
// it when the fiber has left.
struct Query {
  Scheduler& scheduler;
  Fiber* waiter;
  std::uint16_t port;
  bool abandoned = false;
  bool done = false;
  int status = ARES_SUCCESS;
  std::vector<Address> addresses;
};

void on_answer(void* argument, int status, int, ares_addrinfo* result) {
  std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner(result, &ares_freeaddrinfo);
  auto* query = static_cast<Query*>(argument);
  if (query->abandoned) {
    delete query;
    return;
  }
  query->done = true;
  query->status = status;
  for (const ares_addrinfo_node* node = result != nullptr ? result->nodes : nullptr; node != nullptr;
       node = node->ai_next) {
    const Address found = AddressAccess::from_native(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
    query->addresses.push_back(Address::ip(found.host(), query->port));
  }
  query->scheduler.wake(*query->waiter);
}

Error cannot_resolve(std::string_view host, int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return Error(Code::not_found, fmt::format("host \"{}\" has no address: {}", host, ares_strerror(status)));
    default:
      return Error(Code::unavailable,
                   fmt::format("cannot look up host \"{}\": {}; check the servers in /etc/resolv.conf", host,
                               ares_strerror(status)));
  }
}

void check(int status) {
  if (status != ARES_SUCCESS)
    throw Error(Code::unavailable, fmt::format("cannot start the DNS resolver: {}", ares_strerror(status)));
}

}  // namespace

DnsResolver::DnsResolver(Scheduler& scheduler, Epoll& epoll, const DnsOptions& options)
    : scheduler_(scheduler), epoll_(epoll) {
  char files_then_dns[] = "fb";
  ares_options ares{};
  ares.timeout = options.timeout_ms;
  ares.tries = options.tries;
  ares.lookups = files_then_dns;
  ares.sock_state_cb = &DnsResolver::on_socket_state;
  ares.sock_state_cb_data = this;
  check(ares_init_options(&channel_, &ares,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB));
  if (options.servers.empty()) return;
  if (const int status = ares_set_servers_ports_csv(channel_, options.servers.c_str()); status != ARES_SUCCESS) {
    ares_destroy(channel_);
    check(status);
  }
}

DnsResolver::~DnsResolver() {
  ares_destroy(channel_);  // answers what is open with ARES_EDESTRUCTION and closes its sockets
  scheduler_.timers().remove(*this);
}

std::vector<Address> DnsResolver::resolve(std::string_view host, std::uint16_t port) {
  auto query = std::make_unique<Query>(
      Query{.scheduler = scheduler_, .waiter = scheduler_.current_fiber(), .port = port, .addresses = {}});
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, std::string(host).c_str(), nullptr, &hints, &on_answer, query.get());
  arm_timer();
  while (!query->done) {
    const Wake wake = scheduler_.wait();
    if (query->done || wake == Wake::notified) continue;
    query.release()->abandoned = true;
    scheduler_.throw_interrupted(wake, fmt::format("looking up host \"{}\"", host));
  }
  if (query->status != ARES_SUCCESS) throw cannot_resolve(host, query->status);
  return std::move(query->addresses);
}

// A socket that cannot be watched stays silent: the question to that server ends by its timeout.
void DnsResolver::watch(int socket, std::uint32_t events) noexcept {
  try {
    const auto watch = watches_.try_emplace(socket, *this, socket).first;
    epoll_.add(socket, watch->second, events);
  } catch (const std::exception&) {
    watches_.erase(socket);
  }
}

void DnsResolver::on_socket_state(void* self, int socket, int readable, int writable) noexcept {
  auto& resolver = *static_cast<DnsResolver*>(self);
  const auto found = resolver.watches_.find(socket);
  const std::uint32_t events = (readable != 0 ? EPOLLIN : 0u) | (writable != 0 ? EPOLLOUT : 0u);
  if (found == resolver.watches_.end()) {
    if (events != 0) resolver.watch(socket, events);
  } else if (events != 0) {
    resolver.epoll_.change(socket, found->second, events);
  } else {
    resolver.epoll_.remove(socket, found->second);
    resolver.watches_.erase(found);
  }
}

void DnsResolver::Watch::on_events(std::uint32_t events) noexcept {
  DnsResolver& owner = owner_;  // c-ares may close the socket, and this watch with it
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  ares_process_fd(owner.channel_, broken || (events & EPOLLIN) != 0 ? socket_ : ARES_SOCKET_BAD,
                  broken || (events & EPOLLOUT) != 0 ? socket_ : ARES_SOCKET_BAD);
  owner.arm_timer();
}

void DnsResolver::on_timer() noexcept {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  arm_timer();
}

void DnsResolver::arm_timer() noexcept {
  scheduler_.timers().remove(*this);
  timeval next{};
  if (ares_timeout(channel_, nullptr, &next) == nullptr) return;
  const auto rest = std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec);
  scheduler_.timers().add(*this, scheduler_.driver().now() + rest + std::chrono::milliseconds(1));
}

}  // namespace marty::runtime::internal
