// SQLite as the database of a service: an embedded file, without a server to run. The default of a new service.
//
//   data::Database database(sqlite::driver({.path = "petstore.db"}));
//   data::Database for_tests(sqlite::driver({.path = ":memory:"}));   // one connection; gone when it closes
//
// The file is used in WAL mode: one connection writes at a time, any number read at the same time without waiting.
// Statements run on a blocking pool, so that the disk never holds a loop; a read that has proved short runs on its loop
// at once, under a limit of work after which it is given up and repeated on the pool. Deadlines and cancellation
// interrupt a running statement. Durability: with `full`, the default, a commit that returned survives a power cut.
// `normal` survives kill -9 and a crash of the program, but a power cut may take the last commits (never the
// consistency of the file); it saves an fsync per commit. Foreign keys are on, double-quoted strings are off. `collate
// decimal` compares decimals by value. Source: https://www.sqlite.org/wal.html,
// https://www.sqlite.org/pragma.html#pragma_synchronous
#pragma once

#include <memory>
#include <string>

#include "marty/data/driver.hpp"
#include "marty/reflect/rules.hpp"

namespace marty::sqlite {

enum class Synchronous : std::uint8_t { normal, full };

// The section `database.sqlite`.
struct SqliteOptions {
  std::string path = ":memory:";  // a file, created where it is missing
  Synchronous synchronous = Synchronous::full;
  int busy_timeout_ms = 5000;       // how long a statement waits for a lock of another process
  int threads = 4;                  // of the blocking pool
  int cached_statements = 128;      // prepared, of each connection
  bool short_reads_on_loop = true;  // false: every statement runs on the blocking pool

  static constexpr auto rules = marty::rules(
      marty::field<&SqliteOptions::path>.length(1, 4096).description("Database file, or :memory:"),
      marty::field<&SqliteOptions::synchronous>.description("full: a commit survives a power cut; normal: a crash"),
      marty::field<&SqliteOptions::busy_timeout_ms>.range(0, 600'000).description("Wait for other processes' locks"),
      marty::field<&SqliteOptions::threads>.range(1, 256).description("Threads for statements that may take long"),
      marty::field<&SqliteOptions::cached_statements>.range(1, 10'000).description("Prepared statements kept open"));
};

// Opens nothing yet. Throws invalid_argument for options out of their rules.
std::unique_ptr<data::Driver> driver(SqliteOptions options = {});

}  // namespace marty::sqlite
