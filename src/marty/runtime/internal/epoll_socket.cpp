#include "marty/runtime/internal/epoll_socket.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/native_address.hpp"
#include "marty/runtime/internal/scheduler.hpp"
#include "marty/runtime/internal/system_call.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::size_t kMaxParts = 64;  // of one sendmsg(2); more parts take more calls

// The next parts of a message, starting `sent` bytes into it, as the system call takes them.
struct Gather {
  std::array<iovec, kMaxParts> vectors;
  std::size_t count = 0;
  std::size_t bytes = 0;
  bool is_all = true;

  Gather(std::span<const std::string_view> parts, std::size_t sent) noexcept {
    for (std::string_view part : parts) {
      if (sent >= part.size()) {
        sent -= part.size();
        continue;
      }
      if (count == kMaxParts) {
        is_all = false;
        break;
      }
      part.remove_prefix(std::exchange(sent, 0));
      vectors[count++] = {const_cast<char*>(part.data()), part.size()};
      bytes += part.size();
    }
  }
};

ssize_t send_gathered(int descriptor, Gather& gather) noexcept {
  if (gather.count == 1) return send_without_signal(descriptor, gather.vectors[0].iov_base, gather.bytes);
  msghdr message{};
  message.msg_iov = gather.vectors.data();
  message.msg_iovlen = gather.count;
  return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

}  // namespace

EpollSocket::EpollSocket(Scheduler& scheduler, Epoll& epoll, int descriptor, Address peer, bool connected)
    : scheduler_(scheduler), epoll_(epoll), descriptor_(descriptor), writable_(connected), peer_(std::move(peer)) {
  epoll_.add(descriptor_, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (peer_.is_unix()) return;
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

EpollSocket::~EpollSocket() {
  MARTY_CHECK(reader_ == nullptr && writer_ == nullptr);
  epoll_.remove(descriptor_, *this);
  close(descriptor_);
}

void EpollSocket::finish_connect() {
  while (!writable_) wait(writer_, "connecting to");
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) throw_broken("connect to", error);
}

std::optional<std::size_t> EpollSocket::try_read(std::span<char> buffer) {
  MARTY_CHECK(!buffer.empty());
  if (!readable_) return std::nullopt;
  for (;;) {
    const ssize_t size = receive(descriptor_, buffer.data(), buffer.size());
    if (size >= 0) {
      // A short read emptied the socket: what comes later is a new edge.
      if (static_cast<std::size_t>(size) < buffer.size() && !hung_up_) readable_ = size == 0;
      return static_cast<std::size_t>(size);
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw_broken("read from", errno);
    readable_ = false;
    return std::nullopt;
  }
}

std::size_t EpollSocket::read_some(std::span<char> buffer) {
  scheduler_.step();
  for (;;) {
    if (const auto size = try_read(buffer)) return *size;
    wait(reader_, "reading from");
  }
}

std::size_t EpollSocket::try_write(std::span<const std::string_view> parts) {
  if (!writable_) return 0;
  for (std::size_t sent = 0;;) {
    Gather gather(parts, sent);
    if (gather.count == 0) return sent;
    const ssize_t size = send_gathered(descriptor_, gather);
    if (size >= 0) {
      sent += static_cast<std::size_t>(size);
      if (gather.is_all && static_cast<std::size_t>(size) == gather.bytes) return sent;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw_broken("write to", errno);
    writable_ = false;
    return sent;
  }
}

void EpollSocket::write(std::span<const std::string_view> parts) {
  scheduler_.step();
  std::size_t total = 0;
  for (const std::string_view part : parts) total += part.size();
  std::size_t sent = try_write(parts);
  std::vector<std::string_view> rest;
  while (sent < total) {
    while (!writable_) wait(writer_, "writing to");
    rest.assign(parts.begin(), parts.end());
    std::size_t skip = sent;
    for (std::string_view& part : rest) {
      const std::size_t size = std::min(skip, part.size());
      part.remove_prefix(size);
      skip -= size;
    }
    sent += try_write(rest);
  }
}

std::size_t EpollSocket::write_some(std::string_view bytes) {
  scheduler_.step();
  for (;;) {
    if (const std::size_t size = try_write({&bytes, 1}); size != 0 || bytes.empty()) return size;
    while (!writable_) wait(writer_, "writing to");
  }
}

void EpollSocket::wait(Fiber*& slot, const char* doing) {
  MARTY_CHECK(slot == nullptr && scheduler_.current_fiber() != nullptr);
  slot = scheduler_.current_fiber();
  const Wake wake = scheduler_.wait();
  slot = nullptr;
  if (wake != Wake::notified) scheduler_.throw_interrupted(wake, fmt::format("{} {}", doing, peer_.to_string()));
}

void EpollSocket::park(ReadableCallback* callback) noexcept {
  parked_ = callback;
  if (callback == nullptr || !readable_ || deferred_) return;
  deferred_ = true;
  epoll_.defer(*this);
}

void EpollSocket::on_events(std::uint32_t events) noexcept {
  if (events == 0) deferred_ = false;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if (writable_ && writer_ != nullptr) scheduler_.wake(*writer_);
  if (!readable_) return;
  if (reader_ != nullptr) {
    scheduler_.wake(*reader_);
  } else if (parked_ != nullptr) {
    std::exchange(parked_, nullptr)->on_readable();  // may destroy this
  }
}

bool EpollSocket::has_input() noexcept {
  char first = 0;
  readable_ = recv(descriptor_, &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  return readable_;
}

void EpollSocket::shutdown_write() noexcept { shutdown(descriptor_, SHUT_WR); }

Address EpollSocket::local_address() const {
  NativeAddress native;
  native.bytes = sizeof native.storage;
  if (getsockname(descriptor_, native.get(), &native.bytes) != 0) throw_broken("ask for the local address of", errno);
  return AddressAccess::from_native(native.get(), native.bytes);
}

void EpollSocket::throw_broken(const char* doing, int error) const {
  throw Error(Code::unavailable, fmt::format("cannot {} {}: {}", doing, peer_.to_string(), std::strerror(error)));
}

}  // namespace marty::runtime::internal
