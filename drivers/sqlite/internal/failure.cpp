#include "sqlite/internal/failure.hpp"

#include <string>
#include <utility>
#include <vector>

#include "marty/data/statement_error.hpp"

namespace marty::sqlite::internal {
namespace {

Error with_statement(Code code, std::string_view what, std::string_view statement) {
  return data::statement_error(code, "sqlite: " + std::string(what), statement);
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

}  // namespace

Failure failure(sqlite3* database, int result, std::string_view statement) {
  const std::string_view message = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  const auto error = [&](Code code) { return with_statement(code, message, statement); };
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return {constraint(result, message, statement)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
      return {refused(Code::aborted, "another transaction is in the way: repeat this one", message, statement), true,
              false};
    case SQLITE_INTERRUPT:
      return {error(Code::cancelled)};
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return {error(Code::resource_exhausted)};
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return {error(Code::invalid_argument)};
    case SQLITE_READONLY:
      return {error(Code::failed_precondition)};
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return {error(Code::unavailable), false, true};
    case SQLITE_AUTH:  // Connection::on_authorize() said no
      return {with_statement(Code::internal, "begin, commit and rollback are for data::Transaction", statement)};
    case SQLITE_PERM:
      return {error(Code::permission_denied), false, true};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {error(Code::data_loss), false, true};
    default:
      return {error(Code::internal)};
  }
}

}  // namespace marty::sqlite::internal
