// Table: what Repository<T> does, without the T. Users work with data/repository.hpp.
//
//   Table table(session, "pets", reflect::type_of<Pet>(), {});
//   table.insert(&pet);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/data/filter.hpp"
#include "marty/data/session.hpp"

namespace marty::data {

struct TableOptions {
  int max_limit = 1000;  // of one page
};

namespace internal {

// A list request that has been checked and written as SQL.
struct ListQuery {
  std::string text;
  std::vector<OwnedValue> values;
  std::vector<SortColumn> order;  // ends with the id
  std::uint64_t fingerprint = 0;  // of table, conditions and order: what a cursor belongs to
};

}  // namespace internal

class Table {
 public:
  // REQUIRES that `type` is a struct. Throws invalid_argument for names that are no SQL names and without a field `id`.
  Table(Session& session, std::string_view name, const reflect::Type& type, const TableOptions& options);

  void select(const OwnedValue& id, RowSink& sink) const;
  bool exists(const OwnedValue& id) const;

  internal::ListQuery list(std::span<const Condition* const> where, std::span<const SortColumn> sort, int limit,
                           const std::optional<std::string>& cursor) const;
  void select(const internal::ListQuery& query, RowSink& sink) const;
  // The cursor of the page that follows the one whose last row is `row`. Throws invalid_argument where the row's sort
  // values make it too long.
  std::string cursor_after(const internal::ListQuery& query, const void* row) const;
  std::int64_t count(std::span<const Condition* const> where) const;

  // These change *row: generated id, version.
  void insert(void* row);
  void update(void* row);
  void erase(const OwnedValue& id, std::optional<std::int64_t> version);

  [[noreturn]] void throw_not_found(const OwnedValue& id) const;

 private:
  std::string column(const reflect::Field& field) const;  // quoted
  std::vector<SortColumn> total_order(std::span<const SortColumn> sort) const;
  std::int64_t& version_in(void* row) const;  // REQUIRES version_
  std::int64_t run(std::string_view operation, std::string_view text, std::span<const Value> values,
                   RowSink* sink) const;
  std::optional<std::int64_t> select_integer(std::string_view text, std::span<const Value> values) const;
  [[noreturn]] void throw_stale(const OwnedValue& id, std::int64_t expected) const;

  Session* session_;
  std::string name_;
  std::string quoted_;
  const reflect::Type* type_;
  const reflect::Field* id_;
  const reflect::Field* version_ = nullptr;  // null: none
  std::string columns_;                      // all, quoted, with commas
  TableOptions options_;
};

}  // namespace marty::data
