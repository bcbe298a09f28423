// Stream sockets (TCP and Unix) of the current world: epoll in the real one, an in-process network in the simulated
// one. All calls belong to the fibers of the loop on which the socket was made; waits obey the fiber's deadline and
// cancellation.
//
//   auto listener = runtime::listen(Address::parse("127.0.0.1:0"));
//   Socket peer = listener.accept();
//   char buffer[4096];
//   while (std::size_t size = peer.read_some(buffer)) peer.write({{buffer, size}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime {

// Where a socket is: an IP address with a port, or the path of a Unix socket.
class Address {
 public:
  Address() = default;  // unset
  static Address parse(
      std::string_view text);  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/marty.sock"; throws invalid_argument
  static Address ip(std::string_view ip, std::uint16_t port);
  std::string to_string() const;        // the form that parse() reads
  std::string host() const;             // "127.0.0.1"; the path of a Unix socket
  std::uint16_t port() const noexcept;  // 0 for Unix sockets
  bool is_unix() const noexcept;
  bool is_loopback() const noexcept;
  bool operator==(const Address& other) const noexcept;

 private:
  friend struct AddressAccess;  // internal/: the sockaddr form
  // 16 bytes of IPv6 (IPv4 mapped) + port, or a path. Small: every connection holds one.
  std::uint8_t bytes_[16] = {};
  std::uint16_t port_ = 0;
  std::uint8_t family_ = 0;  // 0 unset, 4, 6, 1 = Unix
  std::shared_ptr<const std::string> path_;
};

// Told on the loop (not on a fiber) when a parked socket has bytes, was closed or failed. Must not throw.
class ReadableCallback {
 public:
  virtual void on_readable() noexcept = 0;

 protected:
  ~ReadableCallback() = default;
};

// The seam between the worlds; users hold a Socket.
class SocketBackend {
 public:
  virtual ~SocketBackend() = default;
  virtual std::optional<std::size_t> try_read(std::span<char> buffer) = 0;
  virtual std::size_t read_some(std::span<char> buffer) = 0;
  virtual void write(std::span<const std::string_view> parts) = 0;
  virtual std::size_t write_some(std::string_view bytes) = 0;
  virtual std::size_t try_write(std::span<const std::string_view> parts) = 0;
  virtual void park(ReadableCallback* callback) noexcept = 0;
  virtual void shutdown_write() noexcept = 0;
  virtual bool closed_by_peer() const noexcept = 0;
  virtual bool has_input() noexcept = 0;
  virtual Address local_address() const = 0;
  virtual Address peer_address() const = 0;
};

// A connected stream. Move-only; closing is the destructor's job. At most one fiber reads and one writes at a time, and
// none of them waits when the socket is closed (cancel it first). Errors: unavailable (reset, refused, unreachable).
class Socket {
 public:
  Socket() = default;
  explicit Socket(std::unique_ptr<SocketBackend> backend) : backend_(std::move(backend)) {}

  // At least one byte, or 0 once the peer has closed its side.
  std::size_t read_some(std::span<char> buffer) { return backend_->read_some(buffer); }
  // The same without waiting: nothing where a read would wait. Skips the system call when the last read drained the
  // socket.
  std::optional<std::size_t> try_read(std::span<char> buffer) { return backend_->try_read(buffer); }
  // All of the parts in order, in one system call where they fit; waits while the peer is slow (back-pressure).
  void write(std::span<const std::string_view> parts) { backend_->write(parts); }
  void write(std::initializer_list<std::string_view> parts) { backend_->write({parts.begin(), parts.size()}); }
  // At least one byte; waits while the peer is slow. Where that wait is interrupted nothing was taken, so that another
  // fiber can go on. The bytes that were not taken come next: over TLS they may be under way already.
  std::size_t write_some(std::string_view bytes) { return backend_->write_some(bytes); }
  // As much as fits now, in bytes.
  std::size_t try_write(std::span<const std::string_view> parts) { return backend_->try_write(parts); }
  // Calls back once when the socket becomes readable, closed or broken; nullptr takes that back. An idle connection
  // waits like this, without a stack. Called back at once on the next turn of the loop where there is something
  // already.
  void park(ReadableCallback* callback) noexcept { backend_->park(callback); }
  void shutdown_write() noexcept { backend_->shutdown_write(); }
  // A hint without a system call: the peer has closed or reset. Bytes may still be waiting.
  bool closed_by_peer() const noexcept { return backend_->closed_by_peer(); }
  // Whether a read would find something, if only the end: asks the system, which may know more than events have told.
  // For a last look before an end.
  bool has_input() noexcept { return backend_->has_input(); }
  void close() noexcept { backend_.reset(); }
  bool is_open() const noexcept { return backend_ != nullptr; }
  Address local_address() const { return backend_->local_address(); }
  Address peer_address() const { return backend_->peer_address(); }

 private:
  std::unique_ptr<SocketBackend> backend_;
};

class ListenerBackend {
 public:
  virtual ~ListenerBackend() = default;
  virtual Socket accept() = 0;
  virtual std::optional<Socket> try_accept() = 0;
  virtual void refuse_new() noexcept = 0;
  virtual std::uint64_t turned_away() const noexcept = 0;
  virtual Address local_address() const = 0;
};

class Listener {
 public:
  Listener() = default;
  explicit Listener(std::unique_ptr<ListenerBackend> backend) : backend_(std::move(backend)) {}
  // Waits for the next connection. Survives descriptor exhaustion (it then closes the newcomer and goes on).
  Socket accept() { return backend_->accept(); }
  // The next that is there already; nothing where accept() would wait. Asks the system: what no event told of, too.
  std::optional<Socket> try_accept() { return backend_->try_accept(); }
  // From now on nobody new gets in; who is there, or half-way through the handshake, still does. Before a close that
  // resets nobody: refuse, accept what is left, close.
  void refuse_new() noexcept { backend_->refuse_new(); }
  // How many were closed at once, as the process had no descriptor for them.
  std::uint64_t turned_away() const noexcept { return backend_->turned_away(); }
  Address local_address() const { return backend_->local_address(); }  // with the real port where 0 was asked for
  void close() noexcept { backend_.reset(); }
  bool is_open() const noexcept { return backend_ != nullptr; }

 private:
  std::unique_ptr<ListenerBackend> backend_;
};

// Whether several listeners have one port, one per loop: the kernel then spreads the connections over them.
enum class PortSharing : std::uint8_t {
  none,   // nobody else has the port, or it is taken
  first,  // the same, but others may join from now on
  next,   // joins the first. Not checked: it joins whatever the same user lets others join
};

struct ListenOptions {
  int backlog = 1024;
  PortSharing sharing = PortSharing::none;  // not for Unix sockets
};

// Throws already_exists (port taken), permission_denied, invalid_argument.
Listener listen(const Address& address, const ListenOptions& options = {});
// Throws unavailable (refused, unreachable), deadline_exceeded.
Socket connect(const Address& address);
// Resolves, then tries the addresses in order.
Socket connect(std::string_view host, std::uint16_t port);
// Through c-ares (files, then DNS) in the real world, through the hosts' names in the simulated one. Throws not_found,
// unavailable.
std::vector<Address> resolve(std::string_view host, std::uint16_t port);

}  // namespace marty::runtime
