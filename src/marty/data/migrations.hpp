// Migrations: the numbered steps that bring a database's tables to the state a program needs.
//
//   migrations/0001_create_pets.up.sql, migrations/0001_create_pets.down.sql, migrations/0002_...
//
//   data::Migrations migrations(database, data::migration_files("migrations"));
//   migrations.up();                     // applies what is missing; says what it did
//   migrations.to(1);                    // up or down to a version; 0: nothing is left
//   migrations.plan(2);                  // dry run: what to(2) would do now
//
// Numbers start at 1 and have no gaps. Each step runs in a transaction of its own together with its entry in the table
// schema_migrations(version, name, checksum, applied_at); programs that start at once take turns. Refused with
// failed_precondition, naming the file: a step whose up text was changed after it was applied (SHA-256; its line
// ends, LF or CR LF as a checkout makes them, do not count), one that was renamed, and a database that is ahead of the
// files. A step must be compatible with the program before it where old and new run side by side.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "marty/data/database.hpp"

namespace marty::data {

// One step, from a file or from a list in the program.
struct Migration {
  std::int64_t version = 0;
  std::string name;  // "create_pets"
  std::string up;    // SQL statements, without begin and commit
  std::string down;  // empty: cannot be undone
};

enum class MigrationState : std::uint8_t {
  applied,
  pending,
  changed,  // applied, but its text is another one now
  unknown,  // applied, but this program does not have it
};

// Where one migration stands.
struct MigrationStatus {
  std::int64_t version = 0;
  std::string name;
  MigrationState state = MigrationState::pending;
  std::string applied_at;  // RFC 3339, UTC; empty: not applied
};

// One step of a run: what was done, or would be.
struct MigrationStep {
  std::int64_t version = 0;
  std::string name;
  bool up = true;
  std::string sql;
};

// Reads NNNN_name.up.sql and NNNN_name.down.sql of a directory; files that do not end in .sql are left alone. Throws
// not_found (no directory), invalid_argument for another name, a gap, a number given twice, a down without its up:
// naming the file.
std::vector<Migration> migration_files(const std::string& directory);

class Migrations {
 public:
  // In any order. Throws invalid_argument for a gap, a number given twice or an empty name or text. `database` outlives
  // it.
  Migrations(Database& database, std::vector<Migration> migrations);

  std::vector<MigrationStep> up() { return to(newest()); }      // nothing where all are applied
  std::vector<MigrationStep> to(std::int64_t version);          // the steps that this call has run
  std::vector<MigrationStep> plan(std::int64_t version) const;  // the steps that to(version) would run
  std::vector<MigrationStatus> status() const;
  std::int64_t newest() const { return static_cast<std::int64_t>(migrations_.size()); }

 private:
  // A row of schema_migrations.
  struct Applied {
    std::int64_t version = 0;
    std::string name, checksum, applied_at;
  };
  // Of one text: `own` is what is recorded, the others may have been.
  struct Checksums {
    std::string own, as_it_is, with_cr;
  };
  std::vector<Applied> applied(Session& session) const;
  bool is_unchanged(const Applied& row) const;
  void check(std::span<const Applied> applied, std::int64_t version) const;
  std::vector<MigrationStep> steps(std::span<const Applied> applied, std::int64_t version) const;
  void create_table();
  bool run_next(std::int64_t version, std::vector<MigrationStep>& done);
  void run(Transaction& transaction, const MigrationStep& step);

  Database& database_;
  std::vector<Migration> migrations_;  // by version
  std::vector<Checksums> checksums_;
};

}  // namespace marty::data
