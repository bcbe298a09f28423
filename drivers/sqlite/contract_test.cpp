#include <unistd.h>

#include <filesystem>
#include <string>

#include "marty/data/internal/contract_migrations.hpp"
#include "marty/data/internal/contract_repository.hpp"
#include "marty/data/internal/contract_statements.hpp"
#include "marty/data/internal/contract_transactions.hpp"
#include "sqlite/sqlite.hpp"

namespace marty::data::contract {
namespace {

class SqliteFile final : public Backend {
 public:
  const char* name() const override { return "file"; }
  std::unique_ptr<Driver> empty_database() override {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    return same_database();
  }
  std::unique_ptr<Driver> same_database() override {
    return sqlite::driver({.path = path_, .synchronous = sqlite::Synchronous::normal});
  }

 private:
  const std::string path_ = testing::TempDir() + "marty_contract_" + std::to_string(getpid()) + ".db";
};

class SqliteMemory final : public Backend {
 public:
  const char* name() const override { return "memory"; }
  std::unique_ptr<Driver> empty_database() override { return sqlite::driver({.path = ":memory:"}); }
  std::unique_ptr<Driver> same_database() override { return nullptr; }
  bool many_connections() const override { return false; }
};

SqliteFile file;
SqliteMemory memory;

INSTANTIATE_TEST_SUITE_P(Sqlite, DataContract, testing::Values<Backend*>(&file, &memory), name_of);
INSTANTIATE_TEST_SUITE_P(Sqlite, ConcurrentDataContract, testing::Values<Backend*>(&file), name_of);

}  // namespace
}  // namespace marty::data::contract
