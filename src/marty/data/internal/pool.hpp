// Pool: lends the connections of one driver to fibers, never more than its size.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "marty/data/database.hpp"
#include "marty/data/driver.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::data::internal {

class Pool {
  struct Lane;

 public:
  // A borrowed connection; goes back when the lease ends, or is closed where it is no longer usable.
  class Lease {
   public:
    Lease(Pool& pool, Lane& lane, std::unique_ptr<Connection> connection)
        : pool_(&pool), lane_(&lane), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), lane_(other.lane_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(*lane_, std::move(connection_));
    }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    Pool* pool_;
    Lane* lane_;
    std::unique_ptr<Connection> connection_;
  };

  // `metrics` may be null.
  Pool(Driver& driver, const PoolOptions& options, telemetry::DatabaseMetrics* metrics);
  ~Pool();

  // Waits for a connection. Throws resource_exhausted after wait_timeout_ms, deadline_exceeded, cancelled, and what
  // Driver::connect() throws.
  Lease acquire(Access access);
  void close_idle();
  PoolStats stats() const;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    runtime::TimePoint since;
  };
  // Connections of one kind of access.
  struct Lane {
    Lane(Access lane_access, int lane_size)
        : access(lane_access), size(lane_size), permits(static_cast<std::size_t>(lane_size)) {}
    const Access access;
    const int size;
    runtime::Semaphore permits;
    std::vector<Idle> idle;  // the longest idle first; guarded by mutex_
  };

  void wait_for_permit(Lane& lane);
  [[noreturn]] void throw_exhausted(const Lane& lane);
  std::unique_ptr<Connection> take_idle(Lane& lane);
  std::unique_ptr<Connection> connect(Lane& lane);
  void give_back(Lane& lane, std::unique_ptr<Connection> connection) noexcept;
  // With mutex_ held:
  void keep(Lane& lane, std::unique_ptr<Connection>&& connection);  // nothing has moved where it throws
  void take_expired(Lane& lane, std::vector<Idle>& expired);
  void count(int idle, int in_use);  // changes of both

  Driver& driver_;
  const PoolOptions options_;
  telemetry::DatabaseMetrics* const metrics_;
  std::optional<Lane> readers_;  // nothing: one lane for all
  std::optional<Lane> writers_;
  mutable std::mutex mutex_;  // held for a few instructions, never while waiting
  PoolStats stats_;
};

}  // namespace marty::data::internal
