// EpollSocket: a non-blocking stream socket. It remembers what epoll told, so that a call that would fail with EAGAIN
// is not made.
#pragma once

#include <cstdint>

#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/net.hpp"

namespace marty::runtime {
class Fiber;
}

namespace marty::runtime::internal {

class EpollSocket final : public SocketBackend, public EpollSource {
 public:
  // Takes the descriptor, but not when it throws. `connected`: false while connect(2) is in progress.
  EpollSocket(Scheduler& scheduler, Epoll& epoll, int descriptor, Address peer, bool connected);
  ~EpollSocket() override;

  // Waits until a connect(2) in progress has succeeded; throws unavailable.
  void finish_connect();

  std::optional<std::size_t> try_read(std::span<char> buffer) override;
  std::size_t read_some(std::span<char> buffer) override;
  void write(std::span<const std::string_view> parts) override;
  std::size_t write_some(std::string_view bytes) override;
  std::size_t try_write(std::span<const std::string_view> parts) override;
  void park(ReadableCallback* callback) noexcept override;
  void shutdown_write() noexcept override;
  bool closed_by_peer() const noexcept override { return hung_up_; }
  bool has_input() noexcept override;
  Address local_address() const override;
  Address peer_address() const override { return peer_; }

  void on_events(std::uint32_t events) noexcept override;

 private:
  void wait(Fiber*& slot, const char* doing);
  [[noreturn]] void throw_broken(const char* doing, int error) const;

  Scheduler& scheduler_;
  Epoll& epoll_;
  Fiber* reader_ = nullptr;
  Fiber* writer_ = nullptr;
  ReadableCallback* parked_ = nullptr;
  int descriptor_;
  bool readable_ = false;  // a read may find something
  bool writable_ = false;  // a write may find room
  bool hung_up_ = false;   // the peer has closed or reset: readable_ stays
  bool deferred_ = false;
  Address peer_;
};
static_assert(sizeof(EpollSocket) <= 112, "every idle connection holds one");

}  // namespace marty::runtime::internal
