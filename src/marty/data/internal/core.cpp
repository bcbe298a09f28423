#include "marty/data/internal/core.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/span.hpp"

namespace marty::data::internal {
namespace {

// Statements come from the program's text, so their number is bounded; this bounds the memory where it is generated
// text.
constexpr std::size_t kMaxOperations = 1000;
constexpr std::string_view kOther = "other";

// The operation as a label: of few values, whatever the statement begins with.
std::string_view label_of(std::string_view operation) {
  static constexpr std::array<std::string_view, 4> kKnown = {"select", "insert", "update", "delete"};
  for (const std::string_view known : kKnown) {
    if (same_word(operation, known)) return known;
  }
  return kOther;
}

// Named as https://opentelemetry.io/docs/specs/semconv/db/database-spans/#name says; what is not known is not there.
const telemetry::SpanSite& span_site(std::string_view system, std::string_view operation, std::string_view table) {
  std::string name(operation);
  if (!table.empty()) name += (name.empty() ? "" : " ") + std::string(table);
  return telemetry::SpanSite::get(
      name.empty() ? system : std::string_view(name),
      {{"db.system.name", system}, {"db.operation.name", operation}, {"db.collection.name", table}});
}

}  // namespace

Core::Core(std::unique_ptr<Driver> owned_driver, const PoolOptions& options, telemetry::Metrics* metrics)
    : driver(std::move(owned_driver)),
      max_rows(static_cast<std::size_t>(options.max_rows)),
      pool(*driver, options,
           metrics != nullptr ? &metrics_.emplace(*metrics, driver->dialect().name, options.name) : nullptr) {}

const Core::Operation& Core::operation(const Statement& statement) {
  std::string key = std::string(label_of(statement.operation)) + ' ' + std::string(statement.table);
  const std::lock_guard lock(mutex_);
  if (operations_.size() >= kMaxOperations && !operations_.contains(key)) key = "other ";
  if (const auto found = operations_.find(key); found != operations_.end()) return found->second;
  const std::string name = key.substr(0, key.find(' ')), table = key.substr(name.size() + 1);
  const Operation made{metrics_ ? &metrics_->operation(name, table) : nullptr,
                       &span_site(driver->dialect().name, name != kOther ? name : std::string_view(), table)};
  return operations_.emplace(std::move(key), made).first->second;
}

std::int64_t Core::execute(Connection& connection, const Statement& statement, std::span<const Value> values,
                           RowSink* sink, bool repeated) {
  if (!metrics_ && telemetry::current().tracer == nullptr) return connection.execute(statement, values, sink);
  const Operation& known = operation(statement);
  const runtime::TimePoint start = runtime::now();
  telemetry::Span span(*known.site, telemetry::SpanKind::client, start);
  span.set_known("db.query.text", statement.text);  // without values: they are bound
  const auto finish = [&](Code code) {
    const runtime::TimePoint end = runtime::now();
    if (known.metrics != nullptr) known.metrics->record(code, end - start);
    span.end(end);
  };
  try {
    const std::int64_t changed = connection.execute(statement, values, sink);
    finish(Code::ok);
    return changed;
  } catch (const Error& error) {
    span.fail(error);
    finish(repeated && connection.conflicted() ? Code::aborted : error.code());
    throw;
  }
}

}  // namespace marty::data::internal
