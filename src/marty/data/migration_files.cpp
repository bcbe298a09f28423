#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>

#include "marty/base/error.hpp"
#include "marty/data/internal/migration_file.hpp"
#include "marty/data/sql.hpp"
#include "marty/runtime/file.hpp"

namespace marty::data {
namespace internal {

std::string migration_file_name(std::int64_t version, std::string_view name, bool up) {
  std::string number = std::to_string(version);
  if (number.size() < 4) number.insert(0, 4 - number.size(), '0');
  return number + "_" + std::string(name) + (up ? ".up.sql" : ".down.sql");
}

std::optional<MigrationFileName> parse_migration_file_name(std::string_view file) {
  const bool up = file.ends_with(".up.sql");
  if (!up && !file.ends_with(".down.sql")) return std::nullopt;
  file.remove_suffix(up ? 7 : 9);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), version);
  const auto digits = static_cast<std::size_t>(end - file.data());
  if (error != std::errc{} || digits < 4 || version < 1 || file.substr(digits).size() < 2 || file[digits] != '_')
    return std::nullopt;
  const std::string_view name = file.substr(digits + 1);
  if (!std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '-'; })) return std::nullopt;
  return MigrationFileName{version, std::string(name), up};
}

void check_migrations(std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    const auto expected = static_cast<std::int64_t>(i) + 1;
    const std::string file = migration_file_name(migrations[i].version, migrations[i].name, true);
    if (migrations[i].version < expected)
      throw Error(Code::invalid_argument, file + ": its number is given twice or below 1");
    if (migrations[i].version > expected) {
      throw Error(Code::invalid_argument,
                  file + ": there is a gap, number " + std::to_string(expected) + " is missing");
    }
    if (migrations[i].name.empty() || migrations[i].up.empty()) {
      throw Error(Code::invalid_argument,
                  "migration " + file + " has no " + (migrations[i].name.empty() ? "name" : "statements"));
    }
  }
}

}  // namespace internal

namespace {

struct Halves {
  std::string name, up, down;
  std::string up_file, down_file;
};

void add_file(std::map<std::int64_t, Halves>& found, const std::filesystem::path& path) {
  const std::string file = path.filename().string();
  const auto parsed = internal::parse_migration_file_name(file);
  if (!parsed) {
    throw Error(Code::invalid_argument,
                path.string() + ": migrations are called 0001_name.up.sql and 0001_name.down.sql");
  }
  Halves& halves = found[parsed->version];
  std::string& this_file = parsed->up ? halves.up_file : halves.down_file;
  if (!this_file.empty() || (!halves.name.empty() && halves.name != parsed->name)) {
    const std::string& other = !this_file.empty() ? this_file : parsed->up ? halves.down_file : halves.up_file;
    throw Error(Code::invalid_argument, path.string() + ": its number is given twice, also by " + other);
  }
  this_file = file;
  halves.name = parsed->name;
  (parsed->up ? halves.up : halves.down) = runtime::read_file(path);
}

}  // namespace

std::vector<Migration> migration_files(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) throw Error(Code::not_found, "cannot read the migrations in " + directory + ": " + error.message());
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".sql") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // for the same message every time
  std::map<std::int64_t, Halves> found;
  for (const auto& path : paths) add_file(found, path);
  std::vector<Migration> migrations;
  for (auto& [version, halves] : found) {
    if (halves.up_file.empty())
      throw Error(Code::invalid_argument, directory + "/" + halves.down_file + ": there is no up file to it");
    migrations.push_back({version, std::move(halves.name), std::move(halves.up), std::move(halves.down)});
  }
  internal::check_migrations(migrations);
  return migrations;
}

}  // namespace marty::data
