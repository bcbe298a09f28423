// The contract of data/driver.hpp as tests: every driver runs all of them against empty databases of its own.
//
//   struct SqliteBackend final : data::contract::Backend { ... };
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DataContract, testing::Values(&backend), name_of);   // see drivers/sqlite
//
// contract_statements.hpp, contract_transactions.hpp, contract_repository.hpp and contract_migrations.hpp hold the
// tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/error.hpp"
#include "marty/base/time.hpp"
#include "marty/base/uuid.hpp"
#include "marty/data/database.hpp"
#include "marty/data/migrations.hpp"
#include "marty/data/repository.hpp"
#include "marty/data/transaction.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"

namespace marty::data::contract {

// What a driver's test gives: databases without tables.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;
  virtual std::unique_ptr<Driver> empty_database() = 0;   // removes what the last test left
  virtual std::unique_ptr<Driver> same_database() = 0;    // another driver for it, as another program has
  virtual bool many_connections() const { return true; }  // false: DataContract only, not ConcurrentDataContract
};

// A row with a field of every kind.
enum class Status : std::uint8_t { available, pending, sold };
struct Address {
  std::string street;
  int number = 0;
  bool operator==(const Address&) const = default;
};
struct Everything {
  std::int64_t id = 0;
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint32_t count = 0;
  double ratio = 0;
  std::string text;
  Status status = Status::available;
  Uuid uuid;
  Timestamp at{};
  Decimal price;
  Bytes bytes;
  Address address;
  std::vector<std::string> tags;
  std::optional<std::string> note;
  std::optional<std::int64_t> maybe;
};

// The usual row.
struct Pet {
  Uuid id;
  std::string name;
  std::string species;
  int age_months = 0;
  std::optional<std::string> owner;
  std::int64_t version = 0;
  bool operator==(const Pet&) const = default;
};
struct Pets : Repository<Pet> {
  explicit Pets(Session& session) : Repository(session, "pets") {}
};

inline void create_pets(Session& session) {
  session.execute(
      "create table pets (id varchar(36) primary key, name text not null, species varchar(80) not null, "
      "age_months integer not null check (age_months >= 0), owner varchar(80), version bigint not null)");
}

// The code of the Error that `function` throws; ok where it throws nothing. `message` gets what it says.
template <class Function>
Code code_of(Function&& function, std::string* message = nullptr) {
  try {
    function();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.message();
    return error.code();
  }
  return Code::ok;
}

class DataContract : public testing::TestWithParam<Backend*> {
 protected:
  // Runs `body` on a fiber, with an empty database.
  void with_database(const std::function<void(Database&)>& body, PoolOptions options = {.size = 4}) {
    world_->run([&] {
      Database database(GetParam()->empty_database(), options);
      body(database);
    });
  }
  // The same, with the table pets.
  void with_pets(const std::function<void(Database&)>& body, PoolOptions options = {.size = 4}) {
    with_database(
        [&](Database& database) {
          create_pets(database);
          body(database);
        },
        std::move(options));
  }

 private:
  std::unique_ptr<runtime::World> world_ = runtime::World::real({.loops = 1});
};

// Tests that need several connections at once; not for databases in memory.
class ConcurrentDataContract : public DataContract {};

inline std::string name_of(const testing::TestParamInfo<Backend*>& info) { return info.param->name(); }

}  // namespace marty::data::contract

namespace marty {
inline void PrintTo(Code code, std::ostream* out) { *out << code_info(code).name; }
}  // namespace marty
