#include "marty/data/internal/core.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/time.hpp"

namespace marty::data::internal {
namespace {

// Statements come from the program's text, so their number is bounded; this bounds the memory where it is generated
// text.
constexpr std::size_t kMaxOperations = 1000;

// The operation as a label: of few values, whatever the statement begins with.
std::string_view label_of(std::string_view operation) {
  static constexpr std::array<std::string_view, 4> kKnown = {"select", "insert", "update", "delete"};
  for (const std::string_view known : kKnown) {
    if (same_word(operation, known)) return known;
  }
  return "other";
}

}  // namespace

Core::Core(std::unique_ptr<Driver> owned_driver, const PoolOptions& options, telemetry::Metrics* metrics)
    : driver(std::move(owned_driver)),
      max_rows(static_cast<std::size_t>(options.max_rows)),
      pool(*driver, options, metrics != nullptr ? &metrics_.emplace(*metrics) : nullptr) {}

telemetry::DatabaseMetrics::Operation& Core::operation(const Statement& statement) {
  std::string key = std::string(label_of(statement.operation)) + ' ' + std::string(statement.table);
  const std::lock_guard lock(mutex_);
  if (operations_.size() >= kMaxOperations && !operations_.contains(key)) key = "other ";
  telemetry::DatabaseMetrics::Operation*& known = operations_[key];
  const auto space = key.find(' ');
  if (known == nullptr) known = &metrics_->operation(key.substr(0, space), key.substr(space + 1));
  return *known;
}

std::int64_t Core::execute(Connection& connection, const Statement& statement, std::span<const Value> values,
                           RowSink* sink) {
  if (!metrics_) return connection.execute(statement, values, sink);
  telemetry::DatabaseMetrics::Operation& counted = operation(statement);
  const runtime::TimePoint start = runtime::now();
  try {
    const std::int64_t changed = connection.execute(statement, values, sink);
    counted.record(Code::ok, runtime::now() - start);
    return changed;
  } catch (const Error& error) {
    counted.record(error.code(), runtime::now() - start);
    throw;
  }
}

}  // namespace marty::data::internal
