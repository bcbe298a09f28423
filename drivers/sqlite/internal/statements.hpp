// The prepared statements of one connection: compiled once, kept until they are the least recently used of too many.
#pragma once

#include <sqlite3.h>

#include <expected>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace marty::sqlite::internal {

// One prepared statement. `text` belongs to it.
struct Prepared {
  std::string text;
  sqlite3_stmt* handle = nullptr;
  int short_runs = 0;  // in a row; below zero: it has been long, and has to prove itself for longer

  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { sqlite3_finalize(handle); }
};

class Statements {
 public:
  Statements(sqlite3* database, std::size_t capacity) : database_(database), capacity_(capacity) {}

  // The statement if it is prepared already, or null.
  Prepared* find(std::string_view text);
  // REQUIRES that find() gave null. SQLite's result code where it cannot be prepared; throws for a text without a
  // statement, and for one with two.
  std::expected<Prepared*, int> prepare(std::string_view text);
  void clear();

 private:
  sqlite3* database_;
  std::size_t capacity_;
  std::list<Prepared> prepared_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> by_text_;
};

}  // namespace marty::sqlite::internal
