// Session: where statements run – the interface that Database and Transaction share. A function or repository that
// takes a Session& works in a transaction of its caller and without one.
//
//   std::vector<Pet> pets = session.query<Pet>("select * from pets where species = ?", "cat");
//   std::optional<Pet> pet = session.query_one<Pet>("select * from pets where id = ?", id);
//   auto count = session.query_one<std::int64_t>("select count(*) from pets");
//   for (auto [species, count] : session.query<std::tuple<std::string, int>>("select species, count(*) ...")) ...
//   std::int64_t changed = session.execute("update pets set age_months = age_months + 1");
//
// The text has to be a literal and all values are bound: see data/sql.hpp. What becomes of types: data/mapping.hpp.
// Errors: data/driver.hpp; deadline_exceeded and cancelled as with every wait.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "marty/data/driver.hpp"
#include "marty/data/mapping.hpp"
#include "marty/data/sql.hpp"

namespace marty::data {

class Session {
 public:
  // All rows; more than max_rows() of them throw resource_exhausted.
  template <class T, class... Arguments>
  std::vector<T> query(Sql<sizeof...(Arguments)> sql, const Arguments&... arguments) {
    internal::Collect<T> rows(max_rows());
    Parameters parameters;
    (parameters.add(arguments), ...);
    run(sql.statement(), parameters.values(), &rows);
    return std::move(rows.rows);
  }

  // The only row, or nothing. A second row throws failed_precondition: the statement does not say which one is meant.
  template <class T, class... Arguments>
  std::optional<T> query_one(Sql<sizeof...(Arguments)> sql, const Arguments&... arguments) {
    std::vector<T> rows = query<T>(sql, arguments...);
    if (rows.empty()) return std::nullopt;
    if (rows.size() > 1) throw_several_rows(sql.statement());
    return std::move(rows.front());
  }

  // How many rows were inserted, updated or deleted.
  template <class... Arguments>
  std::int64_t execute(Sql<sizeof...(Arguments)> sql, const Arguments&... arguments) {
    Parameters parameters;
    (parameters.add(arguments), ...);
    return run(sql.statement(), parameters.values(), nullptr);
  }

  // For code that builds statements from checked names, such as repositories: values still have to be bound.
  virtual std::int64_t run(const Statement& statement, std::span<const Value> values, RowSink* sink) = 0;
  virtual const Dialect& dialect() const noexcept = 0;
  virtual std::size_t max_rows() const noexcept = 0;

 protected:
  ~Session() = default;

 private:
  [[noreturn]] static void throw_several_rows(const Statement& statement);
};

}  // namespace marty::data

namespace marty {
using data::Session;
}
