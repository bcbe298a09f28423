#include "marty/data/internal/list_writer.hpp"

#include "marty/base/error.hpp"
#include "marty/data/internal/storage.hpp"

namespace marty::data::internal {
namespace {

constexpr std::size_t kMaxInValues = 1000;

std::string_view symbol_of(Operator operation) {
  switch (operation) {
    case Operator::not_equal:
      return " <> ";
    case Operator::less:
      return " < ";
    case Operator::less_equal:
      return " <= ";
    case Operator::greater:
      return " > ";
    case Operator::greater_equal:
      return " >= ";
    default:
      return " = ";
  }
}

}  // namespace

std::string quoted(const Dialect& dialect, std::string_view name) {
  return dialect.quote + std::string(name) + dialect.quote;
}

bool nullable(const reflect::Field& field) { return field.type->kind == reflect::Kind::optional; }

std::string compared(const Dialect& dialect, const reflect::Field& field) {
  const reflect::Type& type = nullable(field) ? *field.type->element : *field.type;
  return quoted(dialect, field.name) + (is_decimal(type) ? std::string(dialect.decimal_order) : "");
}

void ListWriter::begin_condition() {
  text += has_condition_ ? " and " : " where ";
  has_condition_ = true;
}

void ListWriter::bind(const OwnedValue& value) {
  text += '?';
  values.push_back(value);
}

void ListWriter::compare(const reflect::Field& field, std::string_view symbol, const OwnedValue& value) {
  text += compared(dialect_, field);
  text += symbol;
  bind(value);
}

void ListWriter::where(std::span<const Condition* const> conditions) {
  for (const Condition* one : conditions) {
    if (one->field == nullptr) continue;
    begin_condition();
    condition(*one);
  }
}

void ListWriter::condition(const Condition& condition) {
  const std::string column = compared(dialect_, *condition.field);
  switch (condition.operation) {
    case Operator::is_null:
      text += column + " is null";
      return;
    case Operator::is_not_null:
      text += column + " is not null";
      return;
    case Operator::starts_with:
      // The lower bound lets an index find the place; unlike `like`, this counts case and needs no escapes.
      text += "(" + column + " >= ";
      bind(condition.values[0]);
      text += " and substr(" + column + ", 1, length(";
      bind(condition.values[0]);
      text += ")) = ";
      bind(condition.values[0]);
      text += ")";
      return;
    case Operator::in:
      if (condition.values.size() > kMaxInValues) {
        throw Error(Code::invalid_argument, "more than " + std::to_string(kMaxInValues) + " values for '" +
                                                std::string(condition.field->name) + "'");
      }
      if (condition.values.empty()) {
        text += "1 = 0";
        return;
      }
      text += column + " in (";
      for (std::size_t i = 0; i < condition.values.size(); ++i) {
        if (i > 0) text += ", ";
        bind(condition.values[i]);
      }
      text += ")";
      return;
    default:
      compare(*condition.field, symbol_of(condition.operation), condition.values[0]);
      return;
  }
}

void ListWriter::after(std::span<const SortColumn> order, std::span<const OwnedValue> row) {
  begin_condition();
  const SortColumn& first = order.front();
  if (order.size() > 1 && !nullable(*first.field)) {
    // Implied by what follows; without it no index is used, as what follows is an `or`.
    compare(*first.field, first.descending ? " <= " : " >= ", row.front());
    text += " and ";
  }
  after_from(order, row);
}

void ListWriter::after_from(std::span<const SortColumn> order, std::span<const OwnedValue> row) {
  const SortColumn& first = order.front();
  const std::string_view beyond = first.descending ? " < " : " > ";
  if (order.size() == 1) return compare(*first.field, beyond, row.front());
  if (std::holds_alternative<Null>(row.front())) {  // null comes last: nothing is beyond it
    text += "(" + quoted(dialect_, first.field->name) + " is null and ";
    after_from(order.subspan(1), row.subspan(1));
    text += ")";
    return;
  }
  text += "(";
  compare(*first.field, beyond, row.front());
  if (nullable(*first.field)) text += " or " + quoted(dialect_, first.field->name) + " is null";
  text += " or (";
  compare(*first.field, " = ", row.front());
  text += " and ";
  after_from(order.subspan(1), row.subspan(1));
  text += "))";
}

void ListWriter::order_by(std::span<const SortColumn> order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    text += i == 0 ? " order by " : ", ";
    if (nullable(*order[i].field)) text += quoted(dialect_, order[i].field->name) + " is null, ";
    text += compared(dialect_, *order[i].field);
    if (order[i].descending) text += " desc";
  }
}

void ListWriter::limit(std::int64_t rows) {
  text += " limit ";
  bind(rows);
}

}  // namespace marty::data::internal
