// Epoll: the one place that waits in the real world (epoll(7)). Sockets are registered once, edge-triggered, for all
// events.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "marty/runtime/time.hpp"

namespace marty::runtime::internal {

class Scheduler;

// A descriptor that epoll watches. Unregister before it is destroyed.
class EpollSource {
 public:
  virtual void on_events(std::uint32_t events) noexcept = 0;  // EPOLLIN, EPOLLOUT, ...; 0: asked for by defer()

 protected:
  ~EpollSource() = default;
};

class Epoll {
 public:
  Epoll();  // throws resource_exhausted
  ~Epoll();
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  void attach(Scheduler& scheduler) noexcept { scheduler_ = &scheduler; }
  void add(int descriptor, EpollSource& source, std::uint32_t events);  // throws resource_exhausted; from any thread
  void change(int descriptor, EpollSource& source, std::uint32_t events) noexcept;
  // Before close(2), always: while another thread forks, the child shares the file and epoll would go on reporting it.
  void remove(int descriptor, EpollSource& source) noexcept;
  // Calls on_events(0) on the next turn.
  void defer(EpollSource& source) { deferred_.push_back(&source); }

  void poll(TimePoint until, TimePoint now);
  void dispatch() noexcept;
  void wake() noexcept;  // from any thread

 private:
  void forget(EpollSource& source) noexcept;  // what poll() found but dispatch() did not yet tell
  static constexpr int kBatch = 256;

  int wait(TimePoint until, TimePoint now) noexcept;

  int descriptor_;
  int wake_descriptor_;  // an eventfd; never read: each write is an edge
  Scheduler* scheduler_ = nullptr;
  bool exact_ = true;  // the kernel takes timeouts in nanoseconds
  int found_ = 0;
  int told_ = 0;
  epoll_event events_[kBatch];
  std::vector<EpollSource*> deferred_;
  std::vector<EpollSource*> telling_;  // the deferred ones being told
};

}  // namespace marty::runtime::internal
