// The names and numbers of migration files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "marty/data/migrations.hpp"

namespace marty::data::internal {

// 0001_create_pets.up.sql
std::string migration_file_name(std::int64_t version, std::string_view name, bool up);

struct MigrationFileName {
  std::int64_t version;
  std::string name;
  bool up;
};
// Nothing where the name is of another form.
std::optional<MigrationFileName> parse_migration_file_name(std::string_view file);

// Throws invalid_argument unless the versions are 1, 2, 3 ... and each has a name and statements. REQUIRES them sorted.
void check_migrations(std::span<const Migration> migrations);

}  // namespace marty::data::internal
