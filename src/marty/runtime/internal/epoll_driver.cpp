#include "marty/runtime/internal/epoll_driver.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/runtime/internal/epoll_listener.hpp"
#include "marty/runtime/internal/epoll_socket.hpp"
#include "marty/runtime/internal/loose_descriptor.hpp"
#include "marty/runtime/internal/native_address.hpp"
#include "marty/runtime/internal/real_clock.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {
namespace {

// RFC 6761, 6.3: names that mean this machine, whatever a server would say.
bool is_localhost(std::string_view host) noexcept { return host == "localhost" || host.ends_with(".localhost"); }

Error cannot_connect(const Address& address, int error) {
  const bool exhausted = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  std::string message = fmt::format("cannot connect to {}: {}", address.to_string(), std::strerror(error));
  return exhausted ? Error::exhausted(std::move(message)) : Error(Code::unavailable, std::move(message));
}

}  // namespace

void EpollDriver::attach(Scheduler& scheduler) {
  scheduler_ = &scheduler;
  epoll_.attach(scheduler);
}

TimePoint EpollDriver::now() noexcept { return real_now(); }
Timestamp EpollDriver::wall_now() noexcept { return real_wall_now(); }
void EpollDriver::random_bytes(std::span<std::byte> bytes) { real_random_bytes(bytes); }

void EpollDriver::poll(TimePoint until) {
  const bool limited = until != kNever && until != TimePoint::min();
  epoll_.poll(until, limited ? real_now() : TimePoint{});
}

Listener EpollDriver::listen(const Address& address, const ListenOptions& options) {
  return Listener(std::make_unique<EpollListener>(*scheduler_, epoll_, address, options));
}

Socket EpollDriver::connect(const Address& address) {
  NativeAddress native = AddressAccess::to_native(address);
  const int descriptor = socket(native.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw cannot_connect(address, errno);
  const int error = ::connect(descriptor, native.get(), native.bytes) == 0 ? 0 : errno;
  if (error != 0 && error != EINPROGRESS) {
    close(descriptor);
    throw cannot_connect(address, error);
  }
  LooseDescriptor loose(descriptor);
  auto backend = std::make_unique<EpollSocket>(*scheduler_, epoll_, descriptor, address, error == 0);
  loose.hand_over();
  backend->finish_connect();
  return Socket(std::move(backend));
}

std::vector<Address> EpollDriver::resolve(std::string_view host, std::uint16_t port) {
  if (is_localhost(host)) return {Address::ip("127.0.0.1", port), Address::ip("::1", port)};
  if (dns_ == nullptr) dns_ = std::make_unique<DnsResolver>(*scheduler_, epoll_);
  return dns_->resolve(host, port);
}

int EpollDriver::wait_for_signal(std::span<const int> signals) { return services_.signals->wait(signals); }
BlockingPool* EpollDriver::file_pool() noexcept { return &services_.files; }

}  // namespace marty::runtime::internal
