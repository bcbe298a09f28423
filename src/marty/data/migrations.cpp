#include "marty/data/migrations.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/data/internal/migration_file.hpp"
#include "marty/data/internal/sha256.hpp"
#include "marty/runtime/time.hpp"

namespace marty::data {
namespace {

using internal::migration_file_name;

// Each attempt waits for the other runner as long as the driver does (seconds), so this bounds minutes, not work.
constexpr int kMaxAttempts = 60;

std::string with_line_ends(std::string_view text, std::string_view end) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && text.substr(i + 1).starts_with('\n')) continue;
    text[i] == '\n' ? result += end : result += text[i];
  }
  return result;
}

}  // namespace

Migrations::Migrations(Database& database, std::vector<Migration> migrations)
    : database_(database), migrations_(std::move(migrations)) {
  std::stable_sort(migrations_.begin(), migrations_.end(),
                   [](const auto& a, const auto& b) { return a.version < b.version; });
  internal::check_migrations(migrations_);
  for (const Migration& migration : migrations_) {
    checksums_.push_back({internal::sha256_hex(with_line_ends(migration.up, "\n")), internal::sha256_hex(migration.up),
                          internal::sha256_hex(with_line_ends(migration.up, "\r\n"))});
  }
}

bool Migrations::is_unchanged(const Applied& row) const {
  const Checksums& now = checksums_[static_cast<std::size_t>(row.version) - 1];
  return row.checksum == now.own || row.checksum == now.as_it_is || row.checksum == now.with_cr;
}

std::vector<Migrations::Applied> Migrations::applied(Session& session) const {
  const Statement exists{.text = session.dialect().table_exists, .operation = "select", .table = "", .reads = true};
  const Value table[] = {std::string_view("schema_migrations")};
  internal::Collect<std::int64_t> found(1);
  session.run(exists, table, &found);
  if (found.rows.empty()) return {};
  return session.query<Applied>("select version, name, checksum, applied_at from schema_migrations order by version");
}

void Migrations::check(std::span<const Applied> applied, std::int64_t version) const {
  if (version < 0 || version > newest()) {
    throw Error(Code::invalid_argument,
                "there is no migration " + std::to_string(version) + "; the newest is " + std::to_string(newest()));
  }
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const Applied& row = applied[i];
    const std::string file = migration_file_name(row.version, row.name, true);
    if (row.version != static_cast<std::int64_t>(i) + 1) {
      throw Error(Code::failed_precondition,
                  "schema_migrations has a gap before " + file + ": restore the missing row");
    }
    if (i >= migrations_.size()) {
      throw Error(Code::failed_precondition, "the database is ahead: " + file +
                                                 " was applied, but this program does not have it; " +
                                                 "run a newer build, or migrate down with the one that has it");
    }
    if (row.name != migrations_[i].name) {
      throw Error(Code::failed_precondition, file + " was applied, but is now called " +
                                                 migration_file_name(row.version, migrations_[i].name, true) +
                                                 ": give it its old name");
    }
    if (!is_unchanged(row)) {
      throw Error(Code::failed_precondition, file + " was changed after it was applied on " + row.applied_at +
                                                 ": restore its text and put the change into a new migration");
    }
  }
}

std::vector<MigrationStep> Migrations::steps(std::span<const Applied> applied, std::int64_t version) const {
  std::vector<MigrationStep> result;
  const auto current = static_cast<std::int64_t>(applied.size());
  for (std::int64_t next = current + 1; next <= version; ++next) {
    const Migration& migration = migrations_[static_cast<std::size_t>(next) - 1];
    result.push_back({next, migration.name, true, migration.up});
  }
  for (std::int64_t last = current; last > version; --last) {
    const Migration& migration = migrations_[static_cast<std::size_t>(last) - 1];
    if (migration.down.empty()) {
      throw Error(Code::failed_precondition, migration_file_name(last, migration.name, true) +
                                                 " cannot be undone: there is no " +
                                                 migration_file_name(last, migration.name, false));
    }
    result.push_back({last, migration.name, false, migration.down});
  }
  return result;
}

std::vector<MigrationStep> Migrations::plan(std::int64_t version) const {
  const std::vector<Applied> rows = applied(database_);
  check(rows, version);
  return steps(rows, version);
}

std::vector<MigrationStatus> Migrations::status() const {
  const std::vector<Applied> rows = applied(database_);
  std::vector<MigrationStatus> result;
  for (std::size_t i = 0; i < migrations_.size(); ++i) {
    const Migration& migration = migrations_[i];
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Applied& one) { return one.version == migration.version; });
    if (row == rows.end()) {
      result.push_back({migration.version, migration.name, MigrationState::pending, ""});
    } else {
      const bool same = is_unchanged(*row) && row->name == migration.name;
      result.push_back({migration.version, migration.name, same ? MigrationState::applied : MigrationState::changed,
                        row->applied_at});
    }
  }
  for (const Applied& row : rows) {
    if (row.version > newest()) result.push_back({row.version, row.name, MigrationState::unknown, row.applied_at});
  }
  return result;
}

std::vector<MigrationStep> Migrations::to(std::int64_t version) {
  check(applied(database_), version);
  create_table();
  std::vector<MigrationStep> done;
  while (run_next(version, done)) {
  }
  return done;
}

void Migrations::create_table() {
  database_.transaction(
      [](Transaction& transaction) {
        transaction.execute(
            "create table if not exists schema_migrations ("
            "version bigint primary key, name varchar(200) not null, checksum char(64) not null, applied_at "
            "varchar(40) not null)");
      },
      {.attempts = kMaxAttempts});
}

// What is applied is read again within the step's own transaction: another runner may have been quicker.
bool Migrations::run_next(std::int64_t version, std::vector<MigrationStep>& done) {
  return database_.transaction(
      [&](Transaction& transaction) {
        if (!transaction.dialect().migration_lock.empty()) transaction.script(transaction.dialect().migration_lock);
        const std::vector<Applied> rows = applied(transaction);
        check(rows, version);
        std::vector<MigrationStep> next = steps(rows, version);
        if (next.empty()) return false;
        run(transaction, next.front());
        done.push_back(std::move(next.front()));
        return true;
      },
      {.attempts = kMaxAttempts});
}

void Migrations::run(Transaction& transaction, const MigrationStep& step) {
  try {
    transaction.script(step.sql);
  } catch (const Error& error) {
    throw error.with_message("migration " + migration_file_name(step.version, step.name, step.up) +
                             " failed and was rolled back: " + error.message());
  }
  if (step.up) {
    const std::string applied_at = format_timestamp(runtime::wall_now());
    transaction.execute("insert into schema_migrations (version, name, checksum, applied_at) values (?, ?, ?, ?)",
                        step.version, step.name, checksums_[static_cast<std::size_t>(step.version) - 1].own,
                        applied_at);
  } else {
    transaction.execute("delete from schema_migrations where version = ?", step.version);
  }
}

}  // namespace marty::data
