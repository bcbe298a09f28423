// ListWriter: conditions, order and page start as SQL text and its values. Names come from reflected structs and have
// been checked by Table; values are always bound.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/data/driver.hpp"
#include "marty/data/filter.hpp"

namespace marty::data::internal {

class ListWriter {
 public:
  explicit ListWriter(const Dialect& dialect) : dialect_(dialect) {}

  std::string text;
  std::vector<OwnedValue> values;

  // " where ... and ..."; nothing where there is no condition.
  void where(std::span<const Condition* const> conditions);
  // The rows behind the one with these values in this order. REQUIRES a last column that is unique and never null.
  void after(std::span<const SortColumn> order, std::span<const OwnedValue> row);
  // " order by ...", null last.
  void order_by(std::span<const SortColumn> order);
  void limit(std::int64_t rows);

 private:
  void begin_condition();
  void condition(const Condition& condition);
  void bind(const OwnedValue& value);
  void compare(const reflect::Field& field, std::string_view symbol, const OwnedValue& value);
  void after_from(std::span<const SortColumn> order, std::span<const OwnedValue> row);

  const Dialect& dialect_;
  bool has_condition_ = false;
};

// "name", quoted as the database wants it.
std::string quoted(const Dialect& dialect, std::string_view name);
// The same for a column, with how values of its type are compared.
std::string compared(const Dialect& dialect, const reflect::Field& field);
bool nullable(const reflect::Field& field);

}  // namespace marty::data::internal
