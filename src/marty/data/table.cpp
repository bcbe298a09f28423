#include "marty/data/table.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/data/internal/cursor.hpp"
#include "marty/data/internal/list_writer.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::data {
namespace {

using internal::ListWriter;
using internal::quoted;
using reflect::Field;

constexpr std::size_t kMaxNameSize = 63;  // PostgreSQL's, the shortest

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameSize || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), internal::is_word);
}

void check_name(std::string_view what, std::string_view name) {
  if (is_name(name)) return;
  throw Error(Code::invalid_argument, "'" + std::string(name) + "' cannot be the name of a " + std::string(what) +
                                          ": use letters, digits and underscores, at most 63");
}

std::string text_of(const OwnedValue& id) {
  if (const auto* integer = std::get_if<std::int64_t>(&id)) return std::to_string(*integer);
  if (const auto* text = std::get_if<std::string>(&id)) return *text;
  return std::string(kind_name(view(id)));
}

std::vector<Value> views(std::span<const OwnedValue> values) {
  std::vector<Value> result;
  result.reserve(values.size());
  for (const OwnedValue& value : values) result.push_back(view(value));
  return result;
}

// The only value of the only row.
class OneInteger final : public RowSink {
 public:
  void begin(std::span<const std::string_view>) override { integer.reset(); }
  void row(std::span<const Value> values) override {
    if (const auto* found = std::get_if<std::int64_t>(&values[0])) integer = *found;
  }
  std::optional<std::int64_t> integer;
};

}  // namespace

Table::Table(Session& session, std::string_view name, const reflect::Type& type, const TableOptions& options)
    : session_(&session), name_(name), type_(&type), id_(type.object().find("id")), options_(options) {
  check_name("table", name);
  quoted_ = quoted(session.dialect(), name);
  for (const Field& field : type.object().fields) {
    check_name("column", field.name);
    columns_ += (columns_.empty() ? "" : ", ") + column(field);
  }
  if (id_ == nullptr || internal::nullable(*id_)) {
    throw Error(Code::invalid_argument,
                "the struct " + std::string(type.name) + " needs a field `id`, which is the primary key of " + name_);
  }
  const Field* version = type.object().find("version");
  if (version != nullptr && version->type == &reflect::type_of<std::int64_t>()) version_ = version;
}

std::string Table::column(const Field& field) const { return quoted(session_->dialect(), field.name); }

std::int64_t& Table::version_in(void* row) const { return *static_cast<std::int64_t*>(version_->in(row)); }

std::int64_t Table::run(std::string_view operation, std::string_view text, std::span<const Value> values,
                        RowSink* sink) const {
  return session_->run({.text = text, .operation = operation, .table = name_, .reads = operation == "select"}, values,
                       sink);
}

std::optional<std::int64_t> Table::select_integer(std::string_view text, std::span<const Value> values) const {
  OneInteger result;
  run("select", text, values, &result);
  return result.integer;
}

void Table::select(const OwnedValue& id, RowSink& sink) const {
  const Value values[] = {view(id)};
  run("select", "select " + columns_ + " from " + quoted_ + " where " + column(*id_) + " = ?", values, &sink);
}

bool Table::exists(const OwnedValue& id) const {
  const Value values[] = {view(id)};
  return select_integer("select 1 from " + quoted_ + " where " + column(*id_) + " = ?", values).has_value();
}

std::int64_t Table::count(std::span<const Condition* const> where) const {
  ListWriter writer(session_->dialect());
  writer.text = "select count(*) from " + quoted_;
  writer.where(where);
  return select_integer(writer.text, views(writer.values)).value_or(0);
}

std::vector<SortColumn> Table::total_order(std::span<const SortColumn> sort) const {
  std::vector<SortColumn> order;
  for (const SortColumn& key : sort) {
    const auto same = [&](const SortColumn& other) { return other.field == key.field; };
    if (std::any_of(order.begin(), order.end(), same)) continue;
    if (!reflect::is_scalar((internal::nullable(*key.field) ? key.field->type->element : key.field->type)->kind)) {
      throw Error(Code::invalid_argument, "cannot sort by the field '" + std::string(key.field->name) + "'");
    }
    order.push_back(key);
    if (key.field == id_) return order;  // no two rows are equal from here on
  }
  order.push_back({id_, false});
  return order;
}

internal::ListQuery Table::list(std::span<const Condition* const> where, std::span<const SortColumn> sort, int limit,
                                const std::optional<std::string>& cursor) const {
  if (limit < 1 || limit > options_.max_limit) {
    throw Error::invalid({{"query.limit", "must be from 1 to " + std::to_string(options_.max_limit)}});
  }
  internal::ListQuery query;
  query.order = total_order(sort);
  ListWriter writer(session_->dialect());
  writer.text = "select " + columns_ + " from " + quoted_;
  writer.where(where);
  ListWriter order(session_->dialect());
  order.order_by(query.order);
  query.fingerprint = internal::hash(order.text, internal::hash(writer.text));
  for (const OwnedValue& value : writer.values) query.fingerprint = internal::hash_value(value, query.fingerprint);
  if (cursor) {
    const auto row = internal::decode_cursor(*cursor, query.fingerprint, query.order.size());
    if (!row)
      throw Error::invalid({{"query.cursor", std::string(row.error()) +
                                                 "; use the next_cursor of the page before, with the same filters"}});
    writer.after(query.order, *row);
  }
  writer.text += order.text;
  writer.limit(std::int64_t{limit} + 1);  // one more tells whether there is a next page
  query.text = std::move(writer.text);
  query.values = std::move(writer.values);
  return query;
}

void Table::select(const internal::ListQuery& query, RowSink& sink) const {
  run("select", query.text, views(query.values), &sink);
}

std::string Table::cursor_after(const internal::ListQuery& query, const void* row) const {
  std::vector<OwnedValue> values;
  for (const SortColumn& key : query.order) values.push_back(internal::owned(*key.field->type, key.field->in(row)));
  std::string cursor = internal::encode_cursor(query.fingerprint, values);
  if (cursor.size() <= internal::kMaxCursorSize) return cursor;
  throw Error::invalid({{"query.sort", "meets a value too long to continue a list behind it; sort by another field"}});
}

void Table::insert(void* row) {
  if (version_ != nullptr && version_in(row) == 0) version_in(row) = 1;
  const bool generated =
      id_->type->kind == reflect::Kind::integer && reflect::integer_value(*id_->type, id_->in(row)) == 0;
  std::string names, places;
  Parameters parameters;
  for (const Field& field : type_->object().fields) {
    if (generated && &field == id_) continue;
    names += (names.empty() ? "" : ", ") + column(field);
    places += places.empty() ? "?" : ", ?";
    parameters.add(*field.type, field.in(row));
  }
  std::string text = "insert into " + quoted_ + " (" + names + ") values (" + places + ")";
  if (!generated) {
    run("insert", text, parameters.values(), nullptr);
    return;
  }
  OneInteger id;
  run("insert", text + " returning " + column(*id_), parameters.values(), &id);
  read_value(*id_->type, id.integer.value_or(0), "id", name_, id_->in(row));
}

void Table::update(void* row) {
  std::string text = "update " + quoted_ + " set ";
  Parameters parameters;
  for (const Field& field : type_->object().fields) {
    if (&field == id_ || &field == version_) continue;
    text += (parameters.values().empty() ? "" : ", ") + column(field) + " = ?";
    parameters.add(*field.type, field.in(row));
  }
  if (version_ != nullptr) {
    text += (parameters.values().empty() ? "" : ", ") + column(*version_) + " = " + column(*version_) + " + 1";
  }
  text += " where " + column(*id_) + " = ?";
  const OwnedValue id = internal::owned(*id_->type, id_->in(row));
  parameters.add(id);
  if (version_ != nullptr) {
    text += " and " + column(*version_) + " = ?";
    parameters.add(Value(version_in(row)));
  }
  if (run("update", text, parameters.values(), nullptr) == 0) {
    if (version_ != nullptr) throw_stale(id, version_in(row));
    throw_not_found(id);
  }
  if (version_ != nullptr) ++version_in(row);
}

void Table::erase(const OwnedValue& id, std::optional<std::int64_t> version) {
  if (version && version_ == nullptr) {
    throw Error(Code::invalid_argument,
                "rows of " + name_ + " have no version: the struct has no field `std::int64_t version`");
  }
  std::string text = "delete from " + quoted_ + " where " + column(*id_) + " = ?";
  std::vector<Value> values = {view(id)};
  if (version) {
    text += " and " + column(*version_) + " = ?";
    values.emplace_back(*version);
  }
  if (run("delete", text, values, nullptr) > 0) return;
  if (version) throw_stale(id, *version);
  throw_not_found(id);
}

void Table::throw_not_found(const OwnedValue& id) const {
  throw Error(Code::not_found, "there is nothing with the id " + text_of(id));
}

void Table::throw_stale(const OwnedValue& id, std::int64_t expected) const {
  const Value values[] = {view(id)};
  const auto current =
      select_integer("select " + column(*version_) + " from " + quoted_ + " where " + column(*id_) + " = ?", values);
  if (!current) throw_not_found(id);
  throw Error(Code::aborted, "what has the id " + text_of(id) + " is at version " + std::to_string(*current) +
                                 ", not " + std::to_string(expected) + ": read it again and repeat the change");
}

}  // namespace marty::data
