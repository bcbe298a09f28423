#include "marty/data/internal/pool.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::data::internal {
namespace {

PoolOptions checked(PoolOptions options) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  return options;
}

// Gives the permit back unless a lease takes it over.
struct Permit {
  runtime::Semaphore* permits;
  ~Permit() {
    if (permits != nullptr) permits->release();
  }
};

}  // namespace

Pool::Pool(Driver& driver, const PoolOptions& options, telemetry::DatabaseMetrics* metrics)
    : driver_(driver), options_(checked(options)), metrics_(metrics) {
  const ConnectionLimits limits = driver.limits();
  const int total = std::min(options_.size, limits.total);
  const int writers = std::min(total, limits.writers);
  writers_.emplace(Access::write, writers);
  if (total > writers) readers_.emplace(Access::read, total - writers);
  stats_.size = total;
}

Pool::~Pool() {
  MARTY_CHECK(stats_.in_use == 0);
  count(-stats_.idle, 0);
}

Pool::Lease Pool::acquire(Access access) {
  Lane& lane = access == Access::read && readers_ ? *readers_ : *writers_;
  if (!lane.permits.try_acquire()) wait_for_permit(lane);
  Permit permit{&lane.permits};
  std::unique_ptr<Connection> connection = take_idle(lane);
  if (!connection) connection = connect(lane);
  permit.permits = nullptr;
  return Lease(*this, lane, std::move(connection));
}

void Pool::wait_for_permit(Lane& lane) {
  if (!runtime::on_fiber()) throw_exhausted(lane);  // a plain thread has nothing to wait with
  const auto waiting = [this](int change) {
    const std::lock_guard lock(mutex_);
    stats_.waiting += change;
  };
  const runtime::TimePoint own_deadline = runtime::deadline();
  waiting(+1);
  try {
    const runtime::DeadlineScope limit{std::chrono::milliseconds(options_.wait_timeout_ms)};
    lane.permits.acquire();
  } catch (const Error& error) {
    waiting(-1);
    if (error.code() != Code::deadline_exceeded || runtime::now() >= own_deadline) throw;
    throw_exhausted(lane);
  }
  waiting(-1);
}

void Pool::throw_exhausted(const Lane& lane) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.wait_timeouts;
  }
  const std::string_view kind = !readers_ ? "" : lane.access == Access::read ? "reading " : "writing ";
  throw Error::exhausted(
      "the pool '" + options_.name + "' had no free connection within " + std::to_string(options_.wait_timeout_ms) +
      " ms: all " + std::to_string(lane.size) + " " + std::string(kind) + "connections are in use; raise " +
      options_.name + ".pool.size, keep transactions shorter, or pass the open Transaction on instead of the Database");
}

std::unique_ptr<Connection> Pool::take_idle(Lane& lane) {
  std::vector<Idle> dead;  // closed at the end, without the lock
  const std::lock_guard lock(mutex_);
  if (lane.idle.empty()) return nullptr;
  if (!lane.idle.back().connection->usable()) dead.reserve(lane.idle.size());
  std::unique_ptr<Connection> connection;
  while (!connection && !lane.idle.empty()) {
    Idle idle = std::move(lane.idle.back());
    lane.idle.pop_back();
    if (idle.connection->usable()) {
      connection = std::move(idle.connection);
    } else {
      dead.push_back(std::move(idle));
    }
  }
  count(-static_cast<int>(dead.size()) - (connection ? 1 : 0), connection ? 1 : 0);
  stats_.replaced += dead.size();
  stats_.closed += dead.size();
  return connection;
}

std::unique_ptr<Connection> Pool::connect(Lane& lane) {
  std::unique_ptr<Connection> connection = driver_.connect(lane.access);
  const std::lock_guard lock(mutex_);
  ++stats_.opened;
  count(0, 1);
  return connection;
}

void Pool::give_back(Lane& lane, std::unique_ptr<Connection> connection) noexcept {
  const runtime::ShieldScope whole;
  std::vector<Idle> unwanted;  // closed without the lock, as that may take a while
  const bool usable = connection->usable();
  {
    const std::lock_guard lock(mutex_);
    count(0, -1);
    if (usable) {
      try {
        keep(lane, std::move(connection));
        take_expired(lane, unwanted);
      } catch (const std::bad_alloc&) {  // it is closed, or what has expired is with the next one that comes back
        if (connection != nullptr) ++stats_.closed;
      }
    } else {
      // What broke one connection, a restart of the server say, has most likely broken the idle ones too.
      unwanted.swap(lane.idle);
      count(-static_cast<int>(unwanted.size()), 0);
      stats_.closed += unwanted.size() + 1;
      stats_.replaced += unwanted.size() + 1;
    }
  }
  connection.reset();
  unwanted.clear();
  lane.permits.release();
}

void Pool::keep(Lane& lane, std::unique_ptr<Connection>&& connection) {
  lane.idle.reserve(static_cast<std::size_t>(lane.size));
  lane.idle.push_back({std::move(connection), runtime::now()});
  count(1, 0);
}

void Pool::take_expired(Lane& lane, std::vector<Idle>& expired) {
  const runtime::TimePoint limit = runtime::now() - std::chrono::milliseconds(options_.idle_timeout_ms);
  const auto first_kept =
      std::find_if(lane.idle.begin(), lane.idle.end(), [&](const Idle& idle) { return idle.since > limit; });
  const auto number = first_kept - lane.idle.begin();
  if (number == 0) return;
  expired.reserve(expired.size() + static_cast<std::size_t>(number));
  std::move(lane.idle.begin(), first_kept, std::back_inserter(expired));
  lane.idle.erase(lane.idle.begin(), first_kept);
  count(-static_cast<int>(number), 0);
  stats_.closed += static_cast<std::uint64_t>(number);
}

void Pool::count(int idle, int in_use) {
  stats_.idle += idle;
  stats_.in_use += in_use;
  stats_.peak_in_use = std::max(stats_.peak_in_use, stats_.in_use);
  if (metrics_ == nullptr) return;
  metrics_->idle_connections.add(idle);
  metrics_->used_connections.add(in_use);
}

void Pool::close_idle() {
  std::vector<Idle> expired;
  const std::lock_guard lock(mutex_);
  take_expired(*writers_, expired);
  if (readers_) take_expired(*readers_, expired);
}

PoolStats Pool::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace marty::data::internal
