#include "marty/data/filter.hpp"

#include <array>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::data {
namespace {

struct OperatorName {
  std::string_view name, symbol;
  Operator operation;
};
constexpr std::array<OperatorName, 10> kOperators{{{"eq", "=", Operator::equal},
                                                   {"ne", "!=", Operator::not_equal},
                                                   {"lt", "<", Operator::less},
                                                   {"le", "<=", Operator::less_equal},
                                                   {"gt", ">", Operator::greater},
                                                   {"ge", ">=", Operator::greater_equal},
                                                   {"starts_with", "", Operator::starts_with},
                                                   {"in", "", Operator::in},
                                                   {"is_null", "", Operator::is_null},
                                                   {"is_not_null", "", Operator::is_not_null}}};

// As every parameter of a request is refused: with its place among errors[].
[[noreturn]] void refuse(std::string_view place, std::string message) {
  throw Error::invalid({{std::string(place.substr(0, 128)), std::move(message)}});
}

[[noreturn]] void refuse_unknown(std::string_view place, std::string_view what, std::string_view name,
                                 std::span<const std::string_view> known) {
  std::string message = "there is no " + std::string(what) + " '" + std::string(name.substr(0, 64)) + "'";
  if (const auto near = nearest(name, known)) message += "; did you mean '" + std::string(*near) + "'?";
  refuse(place, std::move(message));
}

const reflect::Field& field_named(const reflect::Type& type, std::string_view name, std::string_view place) {
  const reflect::Object& object = type.object();
  const reflect::Field* const found = object.find(name);
  if (found != nullptr && !found->write_only) return *found;
  std::vector<std::string_view> names;
  for (const reflect::Field& field : object.fields) {
    if (!field.write_only) names.push_back(field.name);
  }
  refuse_unknown(place, "field", name, names);
}

const reflect::Type& column_type(const reflect::Field& field) {
  return field.type->kind == reflect::Kind::optional ? *field.type->element : *field.type;
}

const reflect::Field& comparable(const reflect::Field& field, std::string_view place) {
  if (reflect::is_scalar(column_type(field).kind)) return field;
  refuse(place, "the field '" + std::string(field.name) + "' cannot be compared");
}

Operator operator_named(std::string_view name, std::string_view place) {
  std::vector<std::string_view> names;
  for (const OperatorName& known : kOperators) {
    if (name == known.name || (!known.symbol.empty() && name == known.symbol)) return known.operation;
    names.push_back(known.name);
  }
  refuse_unknown(place, "operator", name, names);
}

// The text as a value of the field's type, as its column holds it.
OwnedValue column_value(const reflect::Field& field, std::string_view text, std::string_view place) {
  const reflect::Type& type = column_type(field);
  std::vector<std::max_align_t> storage((type.size + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
  type.construct(storage.data());
  struct Destroy {
    const reflect::Type& type;
    void* object;
    ~Destroy() { type.destroy(object); }
  } destroy{type, storage.data()};
  if (const std::string problem = reflect::from_text(type, text, storage.data()); !problem.empty())
    refuse(place, "the value for '" + std::string(field.name) + "' " + problem);
  return internal::owned(type, storage.data());
}

template <class Visit>
void for_each_part(std::string_view text, Visit&& visit) {
  for (;;) {
    const auto comma = text.find(',');
    visit(text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Condition Condition::parse(const reflect::Type& type, std::string_view field, std::string_view operation,
                           std::string_view value) {
  const std::string place = "query." + std::string(field);
  Condition condition{.field = &comparable(field_named(type, field, place), place),
                      .operation = operator_named(operation, place),
                      .values = {}};
  switch (condition.operation) {
    case Operator::is_null:
    case Operator::is_not_null:
      if (value == "false") {
        condition.operation = condition.operation == Operator::is_null ? Operator::is_not_null : Operator::is_null;
      } else if (!value.empty() && value != "true") {
        refuse(place, "the value for '" + std::string(operation) + "' must be true or false");
      }
      break;
    case Operator::starts_with:
      if (column_type(*condition.field).kind != reflect::Kind::string)
        refuse(place, "starts_with needs a string, which '" + std::string(field) + "' is not");
      condition.values.emplace_back(std::string(value));
      break;
    case Operator::in:
      for_each_part(value, [&](std::string_view part) {
        condition.values.push_back(column_value(*condition.field, part, place));
      });
      break;
    default:
      condition.values.push_back(column_value(*condition.field, value, place));
      break;
  }
  return condition;
}

std::vector<SortColumn> SortColumn::parse(const reflect::Type& type, std::string_view text, std::string_view place) {
  std::vector<SortColumn> columns;
  if (text.empty()) return columns;
  for_each_part(text, [&](std::string_view part) {
    const bool descending = part.starts_with('-');
    if (descending) part.remove_prefix(1);
    columns.push_back({&comparable(field_named(type, part, place), place), descending});
  });
  return columns;
}

namespace internal {

const reflect::Field& field_at(const reflect::Type& type, std::uint32_t offset) {
  for (const reflect::Field& field : type.object().fields) {
    if (field.offset == offset) return field;
  }
  throw Error(Code::internal, "the struct " + std::string(type.name) + " has no field at that place");
}

}  // namespace internal
}  // namespace marty::data
