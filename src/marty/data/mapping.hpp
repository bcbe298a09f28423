// Mapping: how C++ values become SQL values and rows become C++ values. The types are those that marty/reflect
// describes.
//
//   bool, integers     integer (an unsigned above 2^63-1 is refused; a column's value outside the type's range too)
//   float, double      number
//   std::string        text
//   enum               text: the enumerator's name
//   Timestamp          text: RFC 3339 in UTC with a fixed number of digits, so that text order is time order
//   Decimal            text, exact; SQLite sorts and compares it by value with `collate decimal`
//   Bytes              blob
//   other marty::Text  text (Uuid, Id<Tag> ...)
//   std::optional      null, or what it holds
//   struct, vector, map, variant, json::Value     text: JSON
//
// A row becomes a struct (columns and fields are matched by name, both ways), a std::tuple (by position) or, with one
// column, a scalar. Whatever does not fit throws Error(internal), naming column, field and type.
#pragma once

#include <forward_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "marty/data/driver.hpp"
#include "marty/data/value.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::data {

// The values of one statement, in order. Strings and blobs that are added are not copied: they have to outlive it.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;  // values point into texts
  Parameters& operator=(const Parameters&) = delete;

  void add(const Value& value) { values_.push_back(value); }
  void add(const reflect::Type& type, const void* object);
  template <class T>
  void add(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      values_.emplace_back(std::string_view(value));
    } else if constexpr (std::is_same_v<T, OwnedValue>) {
      values_.push_back(view(value));
    } else {
      add(reflect::type_of<T>(), &value);
    }
  }
  void add_text(std::string text) { values_.emplace_back(std::string_view(texts_.emplace_front(std::move(text)))); }
  std::span<const Value> values() const { return values_; }

 private:
  std::vector<Value> values_;
  std::forward_list<std::string> texts_;  // made for this statement; a list, as their addresses must not change
};

// Stores `value` of `column` in *object. `owner` is what messages call the place: "Pet.age_months".
void read_value(const reflect::Type& type, const Value& value, std::string_view column, std::string_view owner,
                void* object);

// Rows of one result into objects of one type.
class RowReader {
 public:
  // Throws Error(internal) where columns and fields do not match.
  RowReader(const reflect::Type& type, std::span<const std::string_view> columns);
  void read(std::span<const Value> row, void* object) const;

 private:
  struct Target {
    const reflect::Field* field;  // null: the row is a scalar
    std::string_view column;
  };
  const reflect::Type& type_;
  std::vector<Target> targets_;  // by column
};

namespace internal {

// How a row becomes a T; a tuple has a type for each column.
template <class T>
class RowMapper {
 public:
  explicit RowMapper(std::span<const std::string_view> columns) : reader_(reflect::type_of<T>(), columns) {}
  void read(std::span<const Value> row, T& object) const { reader_.read(row, &object); }

 private:
  RowReader reader_;
};

[[noreturn]] void throw_column_count(std::size_t expected, std::span<const std::string_view> columns);

template <class... Ts>
class RowMapper<std::tuple<Ts...>> {
 public:
  explicit RowMapper(std::span<const std::string_view> columns) : columns_(columns.begin(), columns.end()) {
    if (columns.size() != sizeof...(Ts)) throw_column_count(sizeof...(Ts), columns);
  }
  void read(std::span<const Value> row, std::tuple<Ts...>& object) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (read_value(reflect::type_of<Ts>(), row[I], columns_[I], "the tuple", &std::get<I>(object)), ...);
    }
    (std::index_sequence_for<Ts...>{});
  }

 private:
  std::vector<std::string_view> columns_;
};

// Collects rows in a vector; more than `limit` of them throw resource_exhausted.
[[noreturn]] void throw_too_many_rows(std::size_t limit);

template <class T>
class Collect final : public RowSink {
 public:
  explicit Collect(std::size_t limit) : limit_(limit) {}
  void begin(std::span<const std::string_view> columns) override {
    rows.clear();
    mapper_.emplace(columns);
  }
  void row(std::span<const Value> values) override {
    if (rows.size() == limit_) throw_too_many_rows(limit_);
    mapper_->read(values, rows.emplace_back());
  }
  std::vector<T> rows;

 private:
  std::size_t limit_;
  std::optional<RowMapper<T>> mapper_;
};

}  // namespace internal
}  // namespace marty::data
