#include "sqlite/sqlite.hpp"

#include <utility>

#include "marty/base/error.hpp"
#include "marty/reflect/validate.hpp"
#include "sqlite/internal/connection.hpp"
#include "sqlite/internal/file_check.hpp"

namespace marty::sqlite {
namespace {

constexpr data::Dialect kDialect{
    .name = "sqlite",
    .quote = '"',
    .decimal_order = " collate decimal",
    .table_exists = "select 1 from sqlite_master where type = 'table' and name = ?",
    .migration_lock = "",  // begin immediate has it already
};

class Driver final : public data::Driver {
 public:
  explicit Driver(SqliteOptions options)
      : options_(std::move(options)), pool_({.name = "sqlite", .threads = options_.threads, .queue = 1024}) {}

  const data::Dialect& dialect() const noexcept override { return kDialect; }
  data::ConnectionLimits limits() const noexcept override {
    if (options_.path == ":memory:") return {.total = 1, .writers = 1};  // each connection would have its own memory
    return {.writers = 1};
  }
  void check() const override {
    if (options_.path != ":memory:") internal::check_file(options_.path);
  }
  std::unique_ptr<data::Connection> connect(data::Access access) override {
    return pool_.run([&] { return std::make_unique<internal::Connection>(options_, access, pool_); });
  }

 private:
  SqliteOptions options_;
  runtime::BlockingPool pool_;
};

}  // namespace

std::unique_ptr<data::Driver> driver(SqliteOptions options) {
  if (auto problems = reflect::validate(options); !problems.empty()) throw Error::invalid(std::move(problems));
  return std::make_unique<Driver>(std::move(options));
}

}  // namespace marty::sqlite
