#include "sqlite/internal/failure.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "marty/data/statement_error.hpp"

namespace marty::sqlite::internal {
namespace {

Error with_statement(Code code, std::string_view what, std::string_view statement) {
  return data::statement_error(code, "sqlite: " + std::string(what), statement);
}

// The statement stands in the cause, as that of a statement_error().
Error with_statement(const Error& error, std::string_view statement) {
  if (statement.empty()) return error;
  return data::statement_error(error.code(), error.message(), statement).with_http_status(error.http_status());
}

// For what a caller may be to blame for, and so may read. What SQLite says of it names tables, indexes and expressions,
// and stands in the cause.
Error refused(Code code, std::string_view what, std::string_view message, std::string_view statement) {
  return Error(code, std::string(what), std::make_exception_ptr(with_statement(code, message, statement)));
}

// "UNIQUE constraint failed: pets.name, pets.species" -> {"name", "species"}.
std::vector<std::string> columns_of(std::string_view message) {
  std::vector<std::string> columns;
  const auto colon = message.find(": ");
  if (colon == std::string_view::npos) return columns;
  for (std::string_view rest = message.substr(colon + 2); !rest.empty();) {
    const auto comma = rest.find(", ");
    const std::string_view item = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
    const auto dot = item.find('.');
    if (dot == std::string_view::npos) return {};  // "index 'pets_lower_name'": no columns are named
    columns.emplace_back(item.substr(dot + 1));
  }
  return columns;
}

Error on_columns(Code code, std::string_view message, std::string_view statement, std::string_view problem) {
  std::string text;
  std::vector<FieldError> fields;
  for (const std::string& column : columns_of(message)) {
    text += (fields.empty() ? "" : ", ") + column;
    fields.push_back({"/" + column, std::string(problem)});
  }
  if (fields.empty()) return refused(code, "what is given " + std::string(problem), message, statement);
  return Error(code, text + " " + std::string(problem), std::move(fields));
}

Error constraint(int result, std::string_view message, std::string_view statement) {
  switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return on_columns(Code::already_exists, message, statement, "is already taken");
    case SQLITE_CONSTRAINT_NOTNULL:
      return on_columns(Code::invalid_argument, message, statement, "must not be null");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return with_statement(Code::failed_precondition,
                            "a row that is referred to does not exist, or a row is still referred to", statement);
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_DATATYPE:
      return refused(Code::invalid_argument, "a value is none that the database allows there", message, statement);
    default:
      return refused(Code::failed_precondition, "the database does not allow this change", message, statement);
  }
}

// The file of the database, and what SQLite keeps beside it.
std::string file_of(sqlite3* database) {
  const char* const name = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
  return name != nullptr && *name != '\0' ? name : "the database in memory";
}

bool no_room(sqlite3* database, int result) {
  if (result == SQLITE_FULL) return true;
  if (database == nullptr || (result != SQLITE_IOERR && result != SQLITE_CANTOPEN)) return false;
  const int reason = sqlite3_system_errno(database);
  return reason == ENOSPC || reason == EDQUOT;
}

// Not for want of the right to: a transaction or a connection was asked for that only reads.
bool only_reads(sqlite3* database, int result) {
  return result == SQLITE_READONLY && database != nullptr && sqlite3_db_readonly(database, "main") == 0;
}

// What the operator has to do. Nothing of it is for callers: each has a status of 500 and up.
Failure of_operation(sqlite3* database, int result, std::string_view message, std::string_view statement) {
  const std::string file = file_of(database);
  const auto say = [&](const std::string& text) { return file + ": " + std::string(message) + text; };
  if (no_room(database, result & 0xff)) {
    return {with_statement(
        Error::exhausted("sqlite: " + say("; make room on its disk, or give it a larger one")).with_http_status(507),
        statement)};
  }
  switch (result & 0xff) {
    case SQLITE_NOMEM:
      return {with_statement(Error::exhausted("sqlite: " + say("")), statement)};
    case SQLITE_READONLY:
      return {with_statement(Code::unavailable,
                             say("; this user must be allowed to write to the file and to its folder, where SQLite "
                                 "keeps its -wal and -shm files, and the disk must not be mounted read-only"),
                             statement)};
    default:
      return {with_statement(Code::unavailable,
                             say("; check that its folder exists and may be read and written, and the limit of open "
                                 "files (ulimit -n)"),
                             statement),
              false, true};
  }
}

}  // namespace

Failure failure(sqlite3* database, int result, std::string_view statement) {
  const bool is_its_last = database != nullptr && (sqlite3_errcode(database) & 0xff) == (result & 0xff);
  const std::string_view message = is_its_last ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  const auto error = [&](Code code) { return with_statement(code, message, statement); };
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return {constraint(result, message, statement)};
    case SQLITE_BUSY:
      if (result != SQLITE_BUSY_SNAPSHOT) {
        return {with_statement(Code::unavailable,
                               file_of(database) + ": " + std::string(message) +
                                   "; another program, or another service, has held its lock for longer than "
                                   "database.sqlite.busy_timeout_ms",
                               statement),
                true, false};
      }
      [[fallthrough]];
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
      return {refused(Code::aborted, "another transaction is in the way: repeat this one", message, statement)
                  .with_http_status(503),
              true, false};
    case SQLITE_INTERRUPT:
      return {error(Code::cancelled)};
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return {error(Code::invalid_argument)};
    case SQLITE_READONLY:
      if (only_reads(database, result)) return {error(Code::internal)};
      [[fallthrough]];
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
      return of_operation(database, result, message, statement);
    case SQLITE_AUTH:  // Connection::on_authorize() said no
      return {with_statement(Code::internal, "begin, commit and rollback are for data::Transaction", statement)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {error(Code::data_loss), false, true};
    default:
      return {error(Code::internal)};
  }
}

}  // namespace marty::sqlite::internal
