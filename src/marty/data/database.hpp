// Database: a pool of connections to one database, and the statements that need no transaction of their own.
//
//   data::Database database(sqlite::driver({.path = "petstore.db"}), {.size = 4});
//   auto pets = database.query<Pet>("select * from pets where species = ?", "cat");   // data/session.hpp
//   database.transaction([&](data::Transaction& transaction) { ... });   // commits on return, rolls back if it throws
//
// Thread-safe; fibers of all loops may use it at once. Each statement borrows a connection for as long as it runs; a
// fiber waits where all are in use, first come first served, at most wait_timeout_ms: then resource_exhausted, naming
// the pool, its size and the key to change. Broken connections are replaced. Databases that bear one writer (SQLite)
// get one connection for what writes; the others read. A fiber that holds a transaction must go on with that
// transaction: asking the Database for a second connection may wait for itself.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "marty/data/session.hpp"
#include "marty/data/transaction.hpp"
#include "marty/reflect/rules.hpp"

namespace marty::telemetry {
class Metrics;
}

namespace marty::data {

namespace internal {
class Core;  // the pool and its metrics
}

// How a pool behaves: the section `database.pool`.
struct PoolOptions {
  std::string name = "database";    // in errors; the configuration section it came from
  int size = 8;                     // connections at most
  int wait_timeout_ms = 10'000;     // for a connection
  int idle_timeout_ms = 600'000;    // an idle connection is closed after it
  std::int64_t max_rows = 100'000;  // of one query

  static constexpr auto rules = marty::rules(
      marty::field<&PoolOptions::name>.length(1, 80).description("Name of the pool in messages"),
      marty::field<&PoolOptions::size>.range(1, 1000).description("Connections at most"),
      marty::field<&PoolOptions::wait_timeout_ms>.range(1, 600'000).description("Longest wait for a connection"),
      marty::field<&PoolOptions::idle_timeout_ms>.range(1, 86'400'000).description("Idle connections close after it"),
      marty::field<&PoolOptions::max_rows>.range(1, 100'000'000).description("Rows of one query at most"));
};

// A snapshot of the pool.
struct PoolStats {
  int size = 0;  // the limit
  int in_use = 0;
  int idle = 0;
  int waiting = 0;  // fibers
  int peak_in_use = 0;
  std::uint64_t opened = 0, closed = 0, replaced = 0, wait_timeouts = 0;
};

class Database final : public Session {
 public:
  // Opens nothing yet: check() or the first statement does. `metrics` (not owned, may be null) gets
  // mmf_database_operations_total, mmf_database_operation_duration_seconds and mmf_db_connections. Throws
  // invalid_argument for options out of range.
  explicit Database(std::unique_ptr<Driver> driver, PoolOptions options = {}, telemetry::Metrics* metrics = nullptr);
  ~Database();  // REQUIRES that no connection is in use
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `function(Transaction&)` in a transaction, commits when it returns – unless it has ended the transaction
  // itself – and rolls back when it throws; gives what the function gives. With options.attempts above 1 it is run
  // again after a conflict with another transaction: it must then have no effects outside of the database.
  template <std::invocable<Transaction&> Function>
  auto transaction(Function&& function, const TransactionOptions& options = {}) {
    using Result = std::invoke_result_t<Function, Transaction&>;
    TransactionOptions left = options;  // attempts: those that are left, with the one that comes
    for (int attempt = 1;; ++attempt, --left.attempts) {
      Transaction transaction(*this, left);
      try {
        if constexpr (std::is_void_v<Result>) {
          function(transaction);
          if (transaction.active()) transaction.commit();
          return;
        } else {
          Result result = function(transaction);
          if (transaction.active()) transaction.commit();
          return result;
        }
      } catch (...) {
        if (left.attempts <= 1 || !transaction.conflicted()) throw;
      }
      transaction.rollback();
      wait_before_retry(attempt);
    }
  }

  void check();  // one round trip: throws unavailable (or why else) when the database cannot be used
  // Why the last statement that writes found no room in the database's storage; "" as soon as one has found it again.
  std::string storage_failure() const;
  void close_idle();  // closes what was idle for idle_timeout_ms; happens with every release too
  PoolStats stats() const;

  std::int64_t run(const Statement& statement, std::span<const Value> values, RowSink* sink) override;
  const Dialect& dialect() const noexcept override;
  std::size_t max_rows() const noexcept override;

 private:
  friend class Transaction;
  static void wait_before_retry(int attempt);  // a few milliseconds more each time, with jitter
  std::unique_ptr<internal::Core> core_;
};

}  // namespace marty::data

namespace marty {
using data::Database;
}
