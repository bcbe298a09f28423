// SQLite through Database and Repository, on a fiber: point reads, single inserts, inserts in one transaction.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "marty/data/database.hpp"
#include "marty/data/repository.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/sqlite.hpp"

namespace {

using namespace marty;

constexpr std::int64_t kRows = 10'000;

struct Pet {
  std::int64_t id = 0;
  std::string name;
  std::string species;
  std::int64_t age_months = 0;
};

void with_pets(sqlite::SqliteOptions options, const std::function<void(data::Database&)>& body) {
  options.path = std::filesystem::temp_directory_path() / ("marty_bench_" + std::to_string(getpid()) + ".db");
  const auto remove = [&] {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(options.path + suffix);
  };
  remove();
  runtime::World::real({.loops = 1})->run([&] {
    data::Database database(sqlite::driver(options));
    database.execute("create table pets (id integer primary key, name text, species text, age_months integer)");
    database.transaction([](data::Transaction& transaction) {
      data::Repository<Pet> pets(transaction, "pets");
      for (std::int64_t id = 1; id <= kRows; ++id) pets.insert({id, "Rex " + std::to_string(id), "dog", id % 100});
    });
    body(database);
  });
  remove();
}

void point_reads(benchmark::State& state, bool on_loop) {
  with_pets({.short_reads_on_loop = on_loop}, [&](data::Database& database) {
    data::Repository<Pet> pets(database, "pets");
    std::int64_t id = 0;
    for (auto _ : state) benchmark::DoNotOptimize(pets.get(1 + id++ * 7919 % kRows));
    state.SetItemsProcessed(state.iterations());
  });
}
void point_read_on_loop(benchmark::State& state) { point_reads(state, true); }
void point_read_on_pool(benchmark::State& state) { point_reads(state, false); }

void page_of_20(benchmark::State& state) {
  with_pets({}, [&](data::Database& database) {
    data::Repository<Pet> pets(database, "pets");
    for (auto _ : state) benchmark::DoNotOptimize(pets.list({.limit = 20}));
    state.SetItemsProcessed(state.iterations());
  });
}

void single_inserts(benchmark::State& state, sqlite::Synchronous synchronous) {
  with_pets({.synchronous = synchronous}, [&](data::Database& database) {
    data::Repository<Pet> pets(database, "pets");
    for (auto _ : state) pets.insert({0, "Rex", "dog", 3});
    state.SetItemsProcessed(state.iterations());
  });
}
void insert_normal(benchmark::State& state) { single_inserts(state, sqlite::Synchronous::normal); }
void insert_full(benchmark::State& state) { single_inserts(state, sqlite::Synchronous::full); }

void insert_in_one_transaction(benchmark::State& state) {
  with_pets({}, [&](data::Database& database) {
    data::Transaction transaction(database);
    data::Repository<Pet> pets(transaction, "pets");
    for (auto _ : state) pets.insert({0, "Rex", "dog", 3});
    transaction.commit();
    state.SetItemsProcessed(state.iterations());
  });
}

BENCHMARK(point_read_on_loop)->UseRealTime();
BENCHMARK(point_read_on_pool)->UseRealTime();
BENCHMARK(page_of_20)->UseRealTime();
BENCHMARK(insert_normal)->UseRealTime();
BENCHMARK(insert_full)->UseRealTime();
BENCHMARK(insert_in_one_transaction)->UseRealTime();

}  // namespace
