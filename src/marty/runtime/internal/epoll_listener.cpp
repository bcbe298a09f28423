#include "marty/runtime/internal/epoll_listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/epoll_socket.hpp"
#include "marty/runtime/internal/loose_descriptor.hpp"
#include "marty/runtime/internal/native_address.hpp"
#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::size_t kBatch = 32;
constexpr auto kRetryAfter = std::chrono::milliseconds(10);  // when the system is short of memory

constexpr int kMaxTries = 4096;  // of a look for what is left in the queue

// A filter that lets through what belongs to a handshake that has begun, and drops the segment that begins one: SYN
// without ACK in byte 13 of the header (RFC 9293 section 3.1). The client repeats it, and meets no listener then.
void drop_new_handshakes(int descriptor) noexcept {
  sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
                         BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
  const sock_fprog program{.len = std::size(steps), .filter = steps};
  // Where the system has no filters, who comes between the last look and the close is reset, as ever.
  setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int open_reserve() noexcept { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

Error cannot_listen(const Address& address, int error) {
  const std::string where = address.to_string();
  switch (error) {
    case EADDRINUSE:
      return Error(
          Code::already_exists,
          fmt::format("cannot listen on {}: it is taken by another process; stop that one (ss -ltnxp shows it) "
                      "or choose another address",
                      where));
    case EACCES:
    case EPERM:
      return Error(Code::permission_denied,
                   fmt::format("cannot listen on {}: {}; ports below 1024 need CAP_NET_BIND_SERVICE, a socket's "
                               "folder must be writable",
                               where, std::strerror(error)));
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Error::exhausted(fmt::format("cannot listen on {}: {}", where, std::strerror(error)));
    default:
      return Error(Code::invalid_argument, fmt::format("cannot listen on {}: {}; is it an address of this machine?",
                                                       where, std::strerror(error)));
  }
}

// A Unix socket's file of a process that is gone refuses connections; it is removed so that a restarted service can
// listen again.
bool remove_stale_file(const NativeAddress& native) noexcept {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool refused = connect(probe, native.get(), native.bytes) != 0 && errno == ECONNREFUSED;
  close(probe);
  return refused && unlink(reinterpret_cast<const sockaddr_un*>(native.get())->sun_path) == 0;
}

}  // namespace

EpollListener::EpollListener(Scheduler& scheduler, Epoll& epoll, const Address& address, const ListenOptions& options)
    : scheduler_(scheduler), epoll_(epoll) {
  try {
    bind(address, options);
    reserve_ = open_reserve();
    epoll_.add(descriptor_, *this, EPOLLIN | EPOLLET);
  } catch (...) {
    if (descriptor_ >= 0) close(descriptor_);
    if (reserve_ >= 0) close(reserve_);
    throw;
  }
}

void EpollListener::bind(const Address& address, const ListenOptions& options) {
  const NativeAddress native = AddressAccess::to_native(address);
  descriptor_ = socket(native.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) throw cannot_listen(address, errno);
  const auto turn_on = [this](int level, int option) {
    const int on = 1;
    setsockopt(descriptor_, level, option, &on, sizeof on);
  };
  if (!address.is_unix()) {
    turn_on(SOL_SOCKET, SO_REUSEADDR);
    if (native.get()->sa_family == AF_INET6) turn_on(IPPROTO_IPV6, IPV6_V6ONLY);
    if (options.sharing == PortSharing::next) turn_on(SOL_SOCKET, SO_REUSEPORT);
  }
  int error = ::bind(descriptor_, native.get(), native.bytes) == 0 ? 0 : errno;
  if (error == EADDRINUSE && address.is_unix() && remove_stale_file(native)) {
    error = ::bind(descriptor_, native.get(), native.bytes) == 0 ? 0 : errno;
  }
  if (error != 0) throw cannot_listen(address, error);
  bound_path_ = address.is_unix();
  // Only once it is bound: a port that another process has is taken, even where that one would share it.
  if (options.sharing == PortSharing::first) turn_on(SOL_SOCKET, SO_REUSEPORT);
  if (::listen(descriptor_, options.backlog) != 0) throw cannot_listen(address, errno);
  NativeAddress local;
  local.bytes = sizeof local.storage;
  getsockname(descriptor_, local.get(), &local.bytes);
  address_ = AddressAccess::from_native(local.get(), local.bytes);
}

EpollListener::~EpollListener() {
  MARTY_CHECK(waiter_ == nullptr);
  for (const Accepted& accepted : accepted_) close(accepted.descriptor);
  epoll_.remove(descriptor_, *this);
  close(descriptor_);
  if (reserve_ >= 0) close(reserve_);
  if (bound_path_) unlink(address_.host().c_str());
}

Socket EpollListener::accept() {
  while (accepted_.empty()) {
    if (pending_) {
      accept_batch();
      continue;
    }
    MARTY_CHECK(waiter_ == nullptr && scheduler_.current_fiber() != nullptr);
    waiter_ = scheduler_.current_fiber();
    const Wake wake = scheduler_.wait();
    waiter_ = nullptr;
    if (wake != Wake::notified)
      scheduler_.throw_interrupted(wake, fmt::format("listening on {}", address_.to_string()));
  }
  return take_accepted();
}

std::optional<Socket> EpollListener::try_accept() {
  pending_ = true;  // the loop may not have heard of it yet
  for (int tries = 0; accepted_.empty() && pending_ && tries < kMaxTries; ++tries) accept_batch();
  if (accepted_.empty()) return std::nullopt;
  return take_accepted();
}

void EpollListener::refuse_new() noexcept {
  if (address_.is_unix()) {
    shutdown(descriptor_, SHUT_RD);  // unix(7): a connect fails from now on; the queue stays
  } else {
    drop_new_handshakes(descriptor_);
  }
}

Socket EpollListener::take_accepted() {
  Accepted next = std::move(accepted_.front());
  accepted_.pop_front();
  LooseDescriptor descriptor(next.descriptor);
  auto socket = std::make_unique<EpollSocket>(scheduler_, epoll_, descriptor.get(), std::move(next.peer), true);
  descriptor.hand_over();
  return Socket(std::move(socket));
}

void EpollListener::accept_batch() {
  while (accepted_.size() < kBatch) {
    NativeAddress peer;
    peer.bytes = sizeof peer.storage;
    const int descriptor = accept4(descriptor_, peer.get(), &peer.bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      LooseDescriptor loose(descriptor);
      accepted_.push_back({descriptor, AddressAccess::from_native(peer.get(), peer.bytes)});
      loose.hand_over();
      continue;
    }
    switch (errno) {
      case EAGAIN:
        pending_ = false;
        return;
      case EMFILE:
      case ENFILE:
        if (!accepted_.empty()) return;
        if (!turn_one_away()) sleep_for(kRetryAfter);
        return;
      case ENOBUFS:
      case ENOMEM:
        sleep_for(kRetryAfter);
        return;
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
      case EOPNOTSUPP:
        throw cannot_listen(address_, errno);
      default:
        break;  // the newcomer is gone already (accept(2): treat network errors like EAGAIN, by trying again)
    }
  }
}

bool EpollListener::turn_one_away() noexcept {
  if (reserve_ >= 0) close(reserve_);
  const int descriptor = accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  const bool nobody = descriptor < 0 && errno == EAGAIN;
  if (nobody) pending_ = false;
  if (descriptor >= 0) {
    close(descriptor);
    ++turned_away_;
  }
  reserve_ = open_reserve();
  return nobody || descriptor >= 0;
}

void EpollListener::on_events(std::uint32_t) noexcept {
  pending_ = true;
  if (waiter_ != nullptr) scheduler_.wake(*waiter_);
}

}  // namespace marty::runtime::internal
