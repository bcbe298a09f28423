// Repository: a table whose rows are a plain struct. Columns are the struct's fields; `id` is the primary key; an
// std::int64_t field `version` makes updates optimistic.
//
//   struct Pet { PetId id; std::string name; std::string species; int age_months = 0; std::int64_t version = 0; };
//   struct Pets : data::Repository<Pet> { explicit Pets(data::Session& session) : Repository(session, "pets") {} };
//
//   Pets pets(database);                                  // each call for itself; Pets(transaction): part of it
//   Pet rex = pets.insert({.name = "Rex", .species = "dog"});            // with id and version
//   rex.age_months += 1;
//   rex = pets.update(rex);                               // aborted when somebody else updated it meanwhile
//   Page<Pet> page = pets.list({.where = {where<&Pet::species> == "dog"}, .sort = {ascending<&Pet::name>}});
//   std::optional<Pet> pet = pets.get(id);   Pet found = pets.require(id);   pets.erase(id);
//
// Pages continue after the last row of the one before (keyset): rows that are inserted or deleted meanwhile neither
// repeat nor hide others. A cursor belongs to its table, conditions and order; any other is invalid_argument. Besides
// the errors of data/driver.hpp: not_found, aborted (version), invalid_argument (limit, cursor).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/data/filter.hpp"
#include "marty/data/page.hpp"
#include "marty/data/session.hpp"
#include "marty/data/table.hpp"
#include "marty/runtime/random.hpp"

namespace marty::data {

// What list() is asked for.
template <class T>
struct List {
  std::vector<Filter<T>> where;
  std::vector<SortKey<T>> sort;       // ties are broken by id
  int limit = 20;                     // 1 to TableOptions::max_limit
  std::optional<std::string> cursor;  // next_cursor of the page before
};

template <class T>
class Repository {
 public:
  using Id = decltype(T::id);

  // Throws invalid_argument for a table or field name that is no SQL name. `session` has to outlive the repository.
  Repository(Session& session, std::string_view table, const TableOptions& options = {})
      : table_(session, table, reflect::type_of<T>(), options) {}

  std::optional<T> get(const Id& id) const {
    internal::Collect<T> rows(1);
    table_.select(key(id), rows);
    if (rows.rows.empty()) return std::nullopt;
    return std::move(rows.rows.front());
  }
  // The row, or not_found.
  T require(const Id& id) const {
    std::optional<T> row = get(id);
    if (!row) table_.throw_not_found(key(id));
    return *std::move(row);
  }
  bool exists(const Id& id) const { return table_.exists(key(id)); }

  Page<T> list(const List<T>& request = {}) const {
    const internal::ListQuery query =
        table_.list(conditions(request.where), columns(request.sort), request.limit, request.cursor);
    internal::Collect<T> rows(static_cast<std::size_t>(request.limit) + 1);
    table_.select(query, rows);
    Page<T> page{std::move(rows.rows), std::nullopt};
    if (page.items.size() > static_cast<std::size_t>(request.limit)) {
      page.items.pop_back();
      page.next_cursor = table_.cursor_after(query, &page.items.back());
    }
    return page;
  }
  std::int64_t count(const std::vector<Filter<T>>& where = {}) const { return table_.count(conditions(where)); }

  // Gives the row as it is stored: a nil UUID or Id becomes a new UUIDv7, an integer id of 0 is chosen by the database,
  // a version of 0 becomes 1.
  T insert(T row) {
    if constexpr (requires { row.id = Id(runtime::new_uuid()); }) {
      if (row.id == Id{}) row.id = Id(runtime::new_uuid());
    }
    table_.insert(&row);
    return row;
  }

  // Replaces the row with that id; gives it with its new version. not_found; aborted when row.version is not the stored
  // one.
  T update(T row) {
    table_.update(&row);
    return row;
  }

  // not_found where there is no such row; aborted where it has another version than the one given.
  void erase(const Id& id, std::optional<std::int64_t> version = std::nullopt) { table_.erase(key(id), version); }

 private:
  static OwnedValue key(const Id& id) { return internal::owned(reflect::type_of<Id>(), &id); }
  static std::vector<const Condition*> conditions(const std::vector<Filter<T>>& filters) {
    std::vector<const Condition*> result;
    for (const Filter<T>& filter : filters) result.push_back(&filter.condition);
    return result;
  }
  static std::vector<SortColumn> columns(const std::vector<SortKey<T>>& keys) {
    std::vector<SortColumn> result;
    for (const SortKey<T>& sort : keys) result.push_back(sort.column);
    return result;
  }

  Table table_;
};

}  // namespace marty::data

namespace marty {
using data::Repository;
}
