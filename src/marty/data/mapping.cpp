#include "marty/data/mapping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "marty/base/bytes.hpp"
#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/data/internal/storage.hpp"
#include "marty/json/json.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::data {
namespace {

using reflect::Kind;
using reflect::Type;

constexpr json::Limits kStoredJson{.max_bytes = 64 << 20, .max_depth = 128, .max_items = 10'000'000, .max_errors = 3};

[[noreturn]] void throw_mismatch(std::string_view column, std::string_view owner, std::string_view problem) {
  throw Error(Code::internal,
              "column " + std::string(column) + " does not fit " + std::string(owner) + ": " + std::string(problem));
}

std::string expected_but(const Type& type, const Value& value) {
  return std::string(type.name) + " expected, the column holds " + std::string(kind_name(value));
}

// The text of a scalar that is stored as text, or of a value that is stored as JSON.
std::string stored_text(const Type& type, const void* object) {
  std::string text;
  switch (type.kind) {
    case Kind::text:
      reflect::to_text(type, object, text);
      if (internal::is_timestamp(type)) internal::pad_timestamp(text);
      break;
    case Kind::enumeration:
      reflect::to_text(type, object, text);
      break;
    default:
      json::write(text, type, object);
      break;
  }
  return text;
}

bool read_text(const Type& type, std::string_view text, void* object) {
  switch (type.kind) {
    case Kind::string:
      *static_cast<std::string*>(object) = text;
      return true;
    case Kind::text:
      return type.text->parse(text, object);
    case Kind::enumeration:
      return reflect::from_text(type, text, object).empty();
    default:
      return false;
  }
}

void read_json(const Type& type, const Value& value, std::string_view column, std::string_view owner, void* object) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) throw_mismatch(column, owner, "JSON text of " + expected_but(type, value));
  try {
    json::parse_or_throw(type, object, *text, kStoredJson, json::View::full);
  } catch (const Error& error) {
    throw_mismatch(column, owner, "stored JSON: " + error.message());
  }
}

bool read_integer(const Type& type, const Value& value, void* object) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (integer == nullptr) return false;
  if (type.size < 8) {
    const int bits = static_cast<int>(type.size) * 8;
    const std::int64_t min = type.is_signed ? -(std::int64_t{1} << (bits - 1)) : 0;
    const std::int64_t max = (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
    if (*integer < min || *integer > max) return false;
  } else if (!type.is_signed && *integer < 0) {
    return false;
  }
  reflect::set_integer_value(type, object, *integer);
  return true;
}

bool read_number(const Type& type, const Value& value, void* object) {
  double number = 0;
  if (const auto* exact = std::get_if<double>(&value)) {
    number = *exact;
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    number = static_cast<double>(*integer);
  } else {
    return false;
  }
  if (type.size == sizeof(double)) {
    *static_cast<double*>(object) = number;
  } else {
    if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max())) return false;
    *static_cast<float*>(object) = static_cast<float>(number);
  }
  return true;
}

bool read_boolean(const Value& value, void* object) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (integer == nullptr || (*integer != 0 && *integer != 1)) return false;
  *static_cast<bool*>(object) = *integer == 1;
  return true;
}

bool read_scalar(const Type& type, const Value& value, void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return read_boolean(value, object);
    case Kind::integer:
      return read_integer(type, value, object);
    case Kind::number:
      return read_number(type, value, object);
    default:
      break;
  }
  if (internal::is_bytes(type)) {
    const auto* blob = std::get_if<Blob>(&value);
    if (blob != nullptr) internal::assign_bytes(object, *blob);
    return blob != nullptr;
  }
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr && read_text(type, *text, object);
}

}  // namespace

void Parameters::add(const Type& type, const void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return add(Value(std::int64_t{*static_cast<const bool*>(object) ? 1 : 0}));
    case Kind::integer: {
      const std::int64_t integer = reflect::integer_value(type, object);
      if (!type.is_signed && type.size == 8 && integer < 0) {
        throw Error(Code::out_of_range, "an unsigned integer above 9223372036854775807 cannot be stored");
      }
      return add(Value(integer));
    }
    case Kind::number:
      return add(Value(type.size == sizeof(double) ? *static_cast<const double*>(object)
                                                   : static_cast<double>(*static_cast<const float*>(object))));
    case Kind::string:
      return add(Value(std::string_view(*static_cast<const std::string*>(object))));
    case Kind::optional: {
      const void* inner = type.optional->get(const_cast<void*>(object));  // NOLINT: only looked at
      return inner == nullptr ? add(Value(Null{})) : add(*type.element, inner);
    }
    default:
      break;
  }
  if (internal::is_bytes(type)) return add(Value(internal::blob_of(object)));
  add_text(stored_text(type, object));
}

void read_value(const Type& type, const Value& value, std::string_view column, std::string_view owner, void* object) {
  if (type.kind == Kind::optional) {
    if (std::holds_alternative<Null>(value)) return type.optional->reset(object);
    return read_value(*type.element, value, column, owner, type.optional->emplace(object));
  }
  if (std::holds_alternative<Null>(value)) {
    throw_mismatch(column, owner, "it is null; make the field std::optional or the column not null");
  }
  if (!reflect::is_scalar(type.kind)) return read_json(type, value, column, owner, object);
  if (read_scalar(type, value, object)) return;
  const bool same_kind = std::holds_alternative<std::int64_t>(value) && type.kind <= Kind::number;
  throw_mismatch(column, owner, same_kind ? reflect::expectation(type) : expected_but(type, value));
}

RowReader::RowReader(const Type& type, std::span<const std::string_view> columns) : type_(type) {
  if (type.kind != Kind::object) {
    if (columns.size() != 1) internal::throw_column_count(1, columns);
    targets_.push_back({nullptr, columns[0]});
    return;
  }
  const reflect::Object& object = type.object();
  const std::string struct_name(object.name);
  std::vector<bool> found(object.fields.size());
  for (const std::string_view column : columns) {
    const reflect::Field* field = object.find(column);
    if (field == nullptr) {
      throw_mismatch(column, struct_name, "the struct has no field of that name; select its columns by name");
    }
    const auto index = static_cast<std::size_t>(field - object.fields.data());
    if (found[index]) throw_mismatch(column, struct_name, "the result has two columns of that name");
    found[index] = true;
    targets_.push_back({field, column});
  }
  const auto missing = std::find(found.begin(), found.end(), false);
  if (missing == found.end()) return;
  const std::string_view field = object.fields[static_cast<std::size_t>(missing - found.begin())].name;
  throw Error(Code::internal, "the result has no column for the field " + struct_name + "." + std::string(field) +
                                  "; select it too, or read into a struct without it");
}

void RowReader::read(std::span<const Value> row, void* object) const {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i];
    if (target.field == nullptr) return read_value(type_, row[i], target.column, type_.name, object);
    read_value(*target.field->type, row[i], target.column, type_.object().name, target.field->in(object));
  }
}

namespace internal {

OwnedValue owned(const Type& type, const void* object) {
  Parameters parameters;
  parameters.add(type, object);
  return own(parameters.values()[0]);
}

void throw_column_count(std::size_t expected, std::span<const std::string_view> columns) {
  std::string names;
  for (const std::string_view column : columns) names += (names.empty() ? "" : ", ") + std::string(column);
  throw Error(Code::internal, "the result has " + std::to_string(columns.size()) + " columns (" + names + "), but " +
                                  std::to_string(expected) + " were expected");
}

void throw_too_many_rows(std::size_t limit) {
  throw Error::exhausted("the query gives more than " + std::to_string(limit) +
                         " rows; add a limit to it, or raise database.pool.max_rows")
      .with_http_status(500);
}

}  // namespace internal
}  // namespace marty::data
