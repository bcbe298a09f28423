// Driver and Connection: what a database has to offer to become usable – the interface that drivers/sqlite implements
// and that drivers for PostgreSQL and MySQL will. Users work with data/database.hpp instead.
//
// A call may take as long as the database needs, but it never blocks the loop: it makes the calling fiber wait (on a
// socket, or on a thread of a blocking pool) and ends with Error(deadline_exceeded) or Error(cancelled) at the fiber's
// deadline or cancellation. One connection is used by one fiber at a time, but by fibers of several loops in turn.
//
// Errors of all drivers mean the same: already_exists (a unique key), failed_precondition (a foreign key),
// invalid_argument (not null, check, a value too large), aborted (a conflict with another transaction; a retry of the
// whole transaction may succeed, conflicted() is true), unavailable (the connection broke or cannot be made; a lock was
// waited for too long, and conflicted() is true), exhausted() with status 507 (the storage is full), internal (the
// statement is wrong, or writes where only reading was asked for). The first three are the caller's doing; the others
// have a status of 500 and up, as what a database says of itself is for the log. The error's cause names the
// statement's text; nothing names the bound values.
// data/internal/contract_suite.hpp is the test suite of this interface.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "marty/data/sql.hpp"
#include "marty/data/value.hpp"

namespace marty::data {

// Takes the rows of one statement. May be called on another thread than the caller's, never after execute() returned.
class RowSink {
 public:
  // The result's columns, before its rows. A second call starts over: rows that came before are void (a driver may have
  // given up on a quick attempt). The names live until execute() returns.
  virtual void begin(std::span<const std::string_view> columns) = 0;
  // One row. The values live until the call returns. An exception stops the statement and is rethrown by execute().
  virtual void row(std::span<const Value> values) = 0;

 protected:
  ~RowSink() = default;
};

// How much a transaction sees of others. A database may give more than was asked for, never less.
enum class Isolation : std::uint8_t { standard, read_committed, repeatable_read, serializable };

struct TransactionOptions {
  Isolation isolation = Isolation::standard;  // standard: what the database does where nobody asks
  bool read_only = false;                     // sees one state of the database and cannot change it
  int attempts = 1;  // of Database::transaction(): above 1, the function is run again after a conflict
};

// One connection.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs one statement; returns how many rows it inserted, updated or deleted (0 for a read). `sink` may be null: then
  // rows are dropped. REQUIRES as many values as placeholders.
  virtual std::int64_t execute(const Statement& statement, std::span<const Value> values, RowSink* sink) = 0;
  // Runs several statements, separated by semicolons and without values: a migration. Refuses one that ends the
  // transaction it runs in.
  virtual void script(std::string_view text) = 0;

  virtual void begin(const TransactionOptions& options) = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;  // no error where the database has already done so

  // A guess without a round trip; false: the pool replaces this connection. Also false after an error that leaves the
  // connection in an unknown state.
  virtual bool usable() const noexcept = 0;
  // Whether a failure since begin() was a conflict with another transaction that may be gone at the next attempt.
  virtual bool conflicted() const noexcept = 0;
};

// What differs between databases in the statements that this module writes itself.
struct Dialect {
  std::string_view name;           // "sqlite": in error messages and metrics
  char quote = '"';                // around names
  std::string_view decimal_order;  // appended to a Decimal column before it is compared or sorted: " collate decimal"
  std::string_view table_exists;   // a query with one placeholder, the table's name; a row where there is one
  std::string_view
      migration_lock;  // run first in a migration's transaction so that runners take turns; empty: begin does
};

// How many connections a database bears.
struct ConnectionLimits {
  int total = 1'000'000;    // in all
  int writers = 1'000'000;  // of them, at once, for statements that write
};

enum class Access : std::uint8_t { read, write };

// A database that can be connected to. Thread-safe.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual const Dialect& dialect() const noexcept = 0;
  virtual ConnectionLimits limits() const noexcept = 0;
  // What connect() would throw, as far as it can be told without a network, and without changing anything.
  virtual void check() const {}
  // Access::write can do everything. Throws unavailable (naming what was tried and the key to change), unauthenticated.
  virtual std::unique_ptr<Connection> connect(Access access) = 0;
};

}  // namespace marty::data
