// SQLite's result codes as Marty's errors.
#pragma once

#include <sqlite3.h>

#include <string_view>

#include "marty/base/error.hpp"

namespace marty::sqlite::internal {

// What a result code means for the connection it came from.
struct Failure {
  Error error;
  bool conflict = false;  // another transaction was in the way; a retry may succeed
  bool broken = false;    // do not use the connection again
};

// `result` is the extended result code. The error's cause holds the statement's text; nothing holds a bound value.
Failure failure(sqlite3* database, int result, std::string_view statement);

}  // namespace marty::sqlite::internal
