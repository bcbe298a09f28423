// Core: what a Database shares with its transactions – the driver, the pool, the metrics.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "marty/data/database.hpp"
#include "marty/data/internal/pool.hpp"
#include "marty/data/internal/storage_watch.hpp"
#include "marty/telemetry/span_record.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::data::internal {

class Core {
 public:
  Core(std::unique_ptr<Driver> owned_driver, const PoolOptions& options, telemetry::Metrics* metrics);

  // Every statement passes here. A conflict that is `repeated` counts as aborted, whatever the driver calls it: the
  // database does not fail as long as a retry succeeds, and what remains after the last one counts as what it is.
  std::int64_t execute(Connection& connection, const Statement& statement, std::span<const Value> values, RowSink* sink,
                       bool repeated = false);

  const std::unique_ptr<Driver> driver;
  const std::size_t max_rows;
  StorageWatch storage;

 private:
  // Statements of one kind on one table.
  struct Operation {
    telemetry::DatabaseMetrics::Operation* metrics;  // null: not counted
    const telemetry::SpanSite* site;
  };
  const Operation& operation(const Statement& statement);

  std::optional<telemetry::DatabaseMetrics> metrics_;
  std::mutex mutex_;                                          // guards operations_
  std::map<std::string, Operation, std::less<>> operations_;  // by "select pets"

 public:
  Pool pool;  // last: it counts in the metrics
};

}  // namespace marty::data::internal
