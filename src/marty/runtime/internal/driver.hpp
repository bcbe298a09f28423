// Driver: what differs between the two worlds, one per loop. The Scheduler has everything else – fibers, timers,
// messages – and is the same in both.
//
// A turn of the loop is: poll(), dispatch(), expire timers, deliver messages, resume ready fibers.
//   real       poll() sleeps in epoll_wait(2); dispatch() tells sockets
//   simulated  poll() moves the virtual clock to the next network event or to `until`; dispatch() delivers that event
// Sockets, listeners and resolvers of a driver park fibers with Scheduler::wait() and wake them with Scheduler::wake().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "marty/runtime/net.hpp"
#include "marty/runtime/time.hpp"

namespace marty::runtime {
class BlockingPool;
}

namespace marty::runtime::internal {

class Epoll;
class Scheduler;

class Driver {
 public:
  virtual ~Driver() = default;

  // Once, before anything else; `scheduler` outlives the driver's use.
  virtual void attach(Scheduler& scheduler) = 0;

  virtual TimePoint now() noexcept = 0;
  virtual Timestamp wall_now() noexcept = 0;
  virtual void random_bytes(std::span<std::byte> bytes) = 0;

  // Waits for events until `until`; with TimePoint::min() looks without waiting. Runs no user code.
  virtual void poll(TimePoint until) = 0;
  // Tells sockets and callbacks what poll() found.
  virtual void dispatch() noexcept = 0;
  // Ends a poll() early. From any thread.
  virtual void wake() noexcept = 0;

  // As in net.hpp; on a fiber.
  virtual Listener listen(const Address& address, const ListenOptions& options) = 0;
  virtual Socket connect(const Address& address) = 0;
  virtual std::vector<Address> resolve(std::string_view host, std::uint16_t port) = 0;

  // As in world.hpp; on a fiber.
  virtual int wait_for_signal(std::span<const int> signals) = 0;
  // Where files are read; nullptr: inline.
  virtual BlockingPool* file_pool() noexcept = 0;
  // What watches descriptors; nullptr: there are none.
  virtual Epoll* epoll() noexcept = 0;
};

}  // namespace marty::runtime::internal
