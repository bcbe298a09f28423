// The samples of docs/guide/data.md, as tests. They stand with a driver, because data has none.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "marty/base/error.hpp"
#include "marty/base/uuid.hpp"
#include "marty/data/database.hpp"
#include "marty/data/migrations.hpp"
#include "marty/data/repository.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/sqlite.hpp"

namespace marty {
namespace {

using PetId = Id<struct Pet>;
using OrderId = Id<struct Order>;
enum class Status { available, sold };

// [table]
struct Pet {
  PetId id;  // the primary key is the field `id`
  std::string name;
  std::string species;
  int age_months = 0;
  std::optional<std::string> owner;  // nullable
  Status status = Status::available;
  std::int64_t version = 0;  // makes updates optimistic
};
struct Pets : Repository<Pet> {
  explicit Pets(data::Session& session) : Repository(session, "pets") {}
};
// [/table]

struct Order {
  OrderId id;
  PetId pet_id;
};
struct Orders : Repository<Order> {
  explicit Orders(data::Session& session) : Repository(session, "orders") {}
};

struct PetQuery {
  std::optional<std::string> species;
  int limit = 20;
  std::optional<std::string> cursor;
};

// [list]
Page<Pet> young_pets(Pets& pets, const PetQuery& query) {
  return pets.list({.where = {where<&Pet::species> == query.species, where<&Pet::age_months> < 12},
                    .sort = {descending<&Pet::age_months>},
                    .limit = query.limit,
                    .cursor = query.cursor});
}
// [/list]

// [transaction]
Order sell(Database& database, PetId pet_id) {
  return database.transaction([&](Transaction& transaction) {  // commits on return, rolls back on an exception
    Pets pets(transaction);
    Pet pet = pets.require(pet_id);
    if (pet.status == Status::sold) throw Error(Code::failed_precondition, pet.name + " is sold");
    pet.status = Status::sold;
    pets.update(pet);
    return Orders(transaction).insert({.pet_id = pet_id});
  });
}
// [/transaction]

// With the two tables, in memory.
void with_database(const std::function<void(Database&)>& test) {
  runtime::World::real({.loops = 1})->run([&] {
    Database database(sqlite::driver({.path = ":memory:"}));
    database.execute(
        "create table pets (id text primary key, name text not null, species text not null, "
        "age_months integer not null, owner text, status text not null, version integer not null)");
    database.execute("create table orders (id text primary key, pet_id text not null references pets)");
    test(database);
  });
}

TEST(Guide, keeps_structs_in_a_table) {
  with_database([](Database& database) {
    // [repository]
    Pets pets(database);
    Pet rex = pets.insert({.name = "Rex", .species = "dog"});  // new UUIDv7, version 1
    rex.age_months += 1;
    rex = pets.update(rex);                       // version 2; aborted when somebody else was quicker
    std::optional<Pet> found = pets.get(rex.id);  // require(id) throws not_found instead
    pets.erase(rex.id, rex.version);
    // [/repository]
    ASSERT_TRUE(found);
    EXPECT_EQ(found->version, 2);
    EXPECT_EQ(found->age_months, 1);
    EXPECT_FALSE(pets.exists(rex.id));
  });
}

TEST(Guide, lists_page_by_page) {
  with_database([](Database& database) {
    Pets pets(database);
    for (int age = 9; age < 15; ++age)
      pets.insert({.name = "pet", .species = age == 9 ? "cat" : "dog", .age_months = age});
    const Page<Pet> first = young_pets(pets, {.limit = 2});
    ASSERT_EQ(first.items.size(), 2u);
    EXPECT_EQ(first.items[0].age_months, 11);
    const Page<Pet> second = young_pets(pets, {.limit = 2, .cursor = first.next_cursor});
    ASSERT_EQ(second.items.size(), 1u);
    EXPECT_EQ(second.items[0].age_months, 9);
    EXPECT_FALSE(second.next_cursor);
    EXPECT_EQ(young_pets(pets, {.species = "cat"}).items.size(), 1u);
  });
}

TEST(Guide, runs_sql) {
  with_database([](Database& database) {
    Pets pets(database);
    pets.insert({.name = "Tom", .species = "cat"});
    pets.insert({.name = "Rex", .species = "dog"});
    std::map<std::string, int> species_count;
    // [sql]
    auto cats = database.query<Pet>("select * from pets where species = ?", "cat");
    auto count = database.query_one<std::int64_t>("select count(*) from pets");
    for (auto [species, n] :
         database.query<std::tuple<std::string, int>>("select species, count(*) from pets group by species")) {
      species_count[species] = n;
    }
    database.execute("update pets set age_months = age_months + 1 where species = ?", "dog");
    // [/sql]
    ASSERT_EQ(cats.size(), 1u);
    EXPECT_EQ(cats[0].name, "Tom");
    EXPECT_EQ(count, 2);
    EXPECT_EQ(species_count, (std::map<std::string, int>{{"cat", 1}, {"dog", 1}}));
    EXPECT_EQ(database.query_one<int>("select age_months from pets where name = 'Rex'"), 1);
  });
}

TEST(Guide, sells_a_pet_once) {
  with_database([](Database& database) {
    const Pet rex = Pets(database).insert({.name = "Rex", .species = "dog"});
    EXPECT_EQ(sell(database, rex.id).pet_id, rex.id);
    EXPECT_THROW(sell(database, rex.id), Error);
    EXPECT_EQ(Orders(database).count(), 1);
  });
}

TEST(Guide, migrates_up_and_tells_what_it_would_do) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("marty_data_guide_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "0001_create_pets.up.sql") << "create table pets (id text primary key);";
  std::ofstream(folder / "0001_create_pets.down.sql") << "drop table pets;";
  std::ofstream(folder / "0002_add_names.up.sql") << "alter table pets add column name text;";
  std::ofstream(folder / "0002_add_names.down.sql") << "alter table pets drop column name;";
  runtime::World::real({.loops = 1})->run([&] {
    Database database(sqlite::driver({.path = ":memory:"}));
    // [migrations]
    data::Migrations migrations(database, data::migration_files(folder));
    migrations.up();                  // a second run does nothing; programs that start at once take turns
    auto steps = migrations.plan(1);  // what to(1) would do
    // [/migrations]
    ASSERT_EQ(steps.size(), 1u);
    EXPECT_EQ(steps[0].sql, "alter table pets drop column name;");
    EXPECT_EQ(migrations.up().size(), 0u);
  });
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace marty
