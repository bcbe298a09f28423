// One SQLite connection behind the interface of data/driver.hpp: where a statement runs (loop or pool), how it is
// interrupted, and what state its transaction is in.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <optional>

#include "marty/data/driver.hpp"
#include "marty/runtime/blocking.hpp"
#include "sqlite/internal/statements.hpp"
#include "sqlite/sqlite.hpp"

namespace marty::sqlite::internal {

class Connection final : public data::Connection {
 public:
  // Opens the file and sets it up, blocking. `options` and `pool` outlive the connection.
  Connection(const SqliteOptions& options, data::Access access, runtime::BlockingPool& pool);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::int64_t execute(const data::Statement& statement, std::span<const data::Value> values,
                       data::RowSink* sink) override;
  void script(std::string_view text) override;
  void begin(const data::TransactionOptions& options) override;
  void commit() override;
  void rollback() override;
  bool usable() const noexcept override { return !broken_; }
  bool conflicted() const noexcept override { return conflicted_; }

 private:
  // `begins`: BEGIN has been asked for and goes out with the first statement, in the same trip to the pool.
  enum class Phase : std::uint8_t { none, begins, open };

  void open();
  void configure();
  void use_wal();
  void execute_plain(const char* sql);  // a statement of our own, on the calling thread
  void enter_transaction();
  void leave_transaction();
  void run_script(std::string_view text);
  [[noreturn]] void fail(int result, std::string_view statement);

  template <class Function>
  auto on_pool(Function&& function);
  template <class Function>
  void on_pool_whole(Function&& function);
  Prepared& prepare(std::string_view text);
  bool may_run_on_loop(const Prepared& prepared, const data::Statement& statement) const;
  // Nothing where it was given up for having turned out long.
  std::optional<std::int64_t> run_on_loop(Prepared& prepared, std::span<const data::Value> values, data::RowSink* sink);
  std::int64_t run_on_pool(Prepared& prepared, std::span<const data::Value> values, data::RowSink* sink);
  std::optional<std::int64_t> run(Prepared& prepared, std::span<const data::Value> values, data::RowSink* sink);

  static int on_progress(void* connection) noexcept;
  static int on_busy(void* connection, int attempts) noexcept;
  static int on_authorize(void* connection, int action, const char*, const char*, const char*, const char*) noexcept;

  const SqliteOptions& options_;
  const data::Access access_;
  runtime::BlockingPool& pool_;
  sqlite3* database_ = nullptr;
  std::optional<Statements> statements_;
  Phase phase_ = Phase::none;
  bool reads_only_ = false;  // the transaction
  bool broken_ = false;
  bool conflicted_ = false;
  bool own_ = false;                // the statement is one of execute_plain()
  bool on_loop_ = false;            // the running statement holds a loop: it must be short
  int progress_ = 0;                // calls of on_progress for the running statement
  int busy_ms_ = 0;                 // waited for other processes' locks by the running statement
  std::atomic<bool> stop_ = false;  // set by the waiting fiber: end the running statement
};

}  // namespace marty::sqlite::internal
