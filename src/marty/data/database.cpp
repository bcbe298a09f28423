#include "marty/data/database.hpp"

#include <algorithm>
#include <utility>

#include "marty/data/internal/core.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"

namespace marty::data {

Database::Database(std::unique_ptr<Driver> driver, PoolOptions options, telemetry::Metrics* metrics)
    : core_(std::make_unique<internal::Core>(std::move(driver), std::move(options), metrics)) {}

Database::~Database() = default;

std::int64_t Database::run(const Statement& statement, std::span<const Value> values, RowSink* sink) {
  for (bool again = false;; again = true) {
    const internal::Pool::Lease connection = core_->pool.acquire(statement.reads ? Access::read : Access::write);
    try {
      const std::int64_t changed = core_->execute(*connection.operator->(), statement, values, sink);
      if (!statement.reads && changed > 0) core_->storage.worked();
      return changed;
    } catch (const Error& error) {
      core_->storage.failed(error);
      // A read that met a dead connection changed nothing: once more, on a fresh one.
      if (again || !statement.reads || connection->usable()) throw;
    }
  }
}

void Database::check() { run({.text = "select 1", .operation = "select", .table = "", .reads = true}, {}, nullptr); }
std::string Database::storage_failure() const { return core_->storage.failure(); }
void Database::close_idle() { core_->pool.close_idle(); }
PoolStats Database::stats() const { return core_->pool.stats(); }
const Dialect& Database::dialect() const noexcept { return core_->driver->dialect(); }
std::size_t Database::max_rows() const noexcept { return core_->max_rows; }

void Database::wait_before_retry(int attempt) {
  if (!runtime::on_fiber()) return;
  const double limit_ms = static_cast<double>(1 << std::min(attempt, 7));
  const auto wait = std::chrono::microseconds(static_cast<std::int64_t>(limit_ms * 1000 * runtime::random_unit()));
  runtime::sleep_for(wait);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
}

}  // namespace marty::data
