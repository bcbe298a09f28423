// kill -9 in the middle of writes: every order that was acknowledged is there, and none without its other half.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "marty/data/database.hpp"
#include "marty/data/repository.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/sqlite.hpp"

namespace marty::sqlite {
namespace {

constexpr int kKills = 100;
constexpr int kPets = 5;

struct Pet {
  std::int64_t id = 0;
  std::int64_t orders = 0;
  std::int64_t version = 0;
};
struct Order {
  std::int64_t id = 0;
  std::int64_t pet_id = 0;
  std::string note;
};

std::unique_ptr<data::Driver> shop(const std::string& path) { return driver({.path = path}); }

void create_shop(const std::string& path) {
  runtime::World::real({.loops = 1})->run([&] {
    data::Database database(shop(path));
    database.execute("create table pets (id integer primary key, orders integer not null, version integer not null)");
    database.execute(
        "create table orders (id integer primary key, pet_id integer not null references pets(id), note text)");
    data::Repository<Pet> pets(database, "pets");
    for (std::int64_t id = 1; id <= kPets; ++id) pets.insert({.id = id});
  });
}

void add_order(data::Database& database, std::int64_t id) {
  database.transaction([&](data::Transaction& transaction) {
    data::Repository<Pet> pets(transaction, "pets");
    data::Repository<Order> orders(transaction, "orders");
    Pet pet = pets.require(1 + id % kPets);
    orders.insert({.id = id, .pet_id = pet.id, .note = std::string(static_cast<std::size_t>(id % 3000), 'x')});
    ++pet.orders;
    pets.update(pet);
  });
}

// The program that gets killed: writes orders for ever, and the id of each committed one to `acknowledge`.
[[noreturn]] void write_orders(const std::string& path, std::int64_t first, int acknowledge) {
  try {
    runtime::World::real({.loops = 1})->run([&] {
      data::Database database(shop(path));
      for (std::int64_t id = first;; ++id) {
        add_order(database, id);
        if (write(acknowledge, &id, sizeof id) != sizeof id) _exit(1);
      }
    });
  } catch (const std::exception& error) {
    fprintf(stderr, "the writer failed: %s\n", error.what());
  }
  _exit(2);
}

// Kills the writer at some moment after `count` acknowledgements; gives all that it sent.
std::vector<std::int64_t> run_and_kill(const std::string& path, std::int64_t first, std::size_t count, unsigned delay) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    write_orders(path, first, ends[1]);
  }
  close(ends[1]);
  std::vector<std::int64_t> acknowledged;
  bool killed = false;
  for (std::int64_t id = 0; read(ends[0], &id, sizeof id) == sizeof id;) {
    acknowledged.push_back(id);
    if (killed || acknowledged.size() < count) continue;
    for (unsigned i = 0; i < delay; ++i) sched_yield();
    kill(child, SIGKILL);
    killed = true;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself: " << status;
  return acknowledged;
}

void expect_whole(const std::string& path, const std::vector<std::int64_t>& acknowledged) {
  runtime::World::real({.loops = 1})->run([&] {
    data::Database database(shop(path));
    EXPECT_EQ(database.query<std::string>("pragma integrity_check"), std::vector<std::string>{"ok"});
    data::Repository<Order> orders(database, "orders");
    for (const std::int64_t id : acknowledged) EXPECT_TRUE(orders.exists(id)) << "order " << id << " is lost";
    EXPECT_EQ(database.query_one<int>(
                  "select count(*) from pets p where orders <> (select count(*) from orders where pet_id = p.id)"),
              0)
        << "half an order";
    EXPECT_EQ(database.query_one<int>("select count(*) from pets where version <> orders + 1"), 0);
  });
}

TEST(SqliteCrash, no_acknowledged_order_is_lost_and_none_is_half_there_after_a_hundred_kills) {
  const std::string path = testing::TempDir() + "marty_crash_" + std::to_string(getpid()) + ".db";
  create_shop(path);
  std::mt19937 random(1);  // the moments: the same counts each run, at whatever speed the machine has
  std::size_t acknowledged = 0;
  for (int round = 1; round <= kKills && !testing::Test::HasFailure(); ++round) {
    const auto ids = run_and_kill(path, std::int64_t{round} * 1'000'000, 1 + random() % 20, random() % 200);
    acknowledged += ids.size();
    expect_whole(path, ids);
  }
  EXPECT_GE(acknowledged, static_cast<std::size_t>(kKills));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

}  // namespace
}  // namespace marty::sqlite
