#include "sqlite/sqlite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/data/database.hpp"
#include "marty/data/repository.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/internal/decimal_order.hpp"

namespace marty::sqlite {
namespace {

struct Item {
  std::int64_t id = 0;
  std::string name;
};

class Sqlite : public testing::Test {
 protected:
  ~Sqlite() override { remove(); }
  void remove() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  }
  // On a fiber, with a file that has the table items with `rows` rows.
  void with_items(int rows, const std::function<void(data::Database&)>& body, SqliteOptions options = {}) {
    options.path = path_;
    options.synchronous = Synchronous::normal;
    world_->run([&] {
      data::Database database(driver(options), {.size = 4});
      database.execute("create table items (id integer primary key, name text not null)");
      database.transaction([&](data::Transaction& transaction) {
        data::Repository<Item> items(transaction, "items");
        for (int i = 1; i <= rows; ++i) items.insert({.id = i, .name = "item " + std::to_string(i)});
      });
      body(database);
    });
  }

  const std::string path_ = testing::TempDir() + "marty_sqlite_" + std::to_string(getpid()) + ".db";
  std::unique_ptr<runtime::World> world_ = runtime::World::real({.loops = 1});
};

TEST_F(Sqlite, opens_its_file_in_wal_mode_with_foreign_keys_and_the_durability_asked_for) {
  with_items(0, [](data::Database& database) {
    EXPECT_EQ(database.query_one<std::string>("pragma journal_mode"), "wal");
    EXPECT_EQ(database.query_one<int>("pragma foreign_keys"), 1);
    EXPECT_EQ(database.query_one<int>("pragma synchronous"), 1);
  });
  world_->run([&] {
    data::Database database(driver({.path = path_}));
    EXPECT_EQ(database.query_one<int>("pragma synchronous"), 2) << "full is the default";
  });
}

TEST_F(Sqlite, a_path_that_cannot_be_opened_is_named_with_the_key_to_change) {
  world_->run([&] {
    data::Database database(driver({.path = "/no/such/folder/pets.db"}));
    try {
      database.check();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_THAT(error.message(), testing::AllOf(testing::HasSubstr("/no/such/folder/pets.db"),
                                                  testing::HasSubstr("database.sqlite.path")));
    }
  });
}

TEST_F(Sqlite, a_file_that_is_no_database_is_data_loss) {
  std::filesystem::copy_file("/proc/self/exe", path_);
  world_->run([&] {
    data::Database database(driver({.path = path_}));
    try {
      database.check();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::data_loss);
    }
  });
}

TEST_F(Sqlite, options_out_of_range_are_refused) {
  EXPECT_THROW(driver({.path = ""}), Error);
  EXPECT_THROW(driver({.threads = 0}), Error);
}

TEST_F(Sqlite, readers_go_on_while_a_transaction_writes) {
  with_items(1, [](data::Database& database) {
    data::Transaction transaction(database);
    transaction.execute("delete from items");
    EXPECT_EQ(database.query_one<int>("select count(*) from items"), 1);
    transaction.commit();
    EXPECT_EQ(database.query_one<int>("select count(*) from items"), 0);
  });
}

TEST_F(Sqlite, what_was_committed_is_read_by_the_next_statement_of_any_connection) {
  with_items(0, [](data::Database& database) {
    data::Repository<Item> items(database, "items");
    for (int i = 1; i <= 200; ++i) {
      items.insert({.id = i, .name = "x"});
      ASSERT_TRUE(items.exists(i));
    }
  });
}

// The loop is free while a statement runs: another fiber of the same loop gets its turns meanwhile.
TEST_F(Sqlite, a_long_read_does_not_hold_the_loop_even_after_short_ones_with_the_same_text) {
  with_items(2000, [](data::Database& database) {
    const auto pairs = [&](int limit) {
      return database.query_one<int>("select count(*) from items a, items b where a.id <= ? and b.name > a.name",
                                     limit);
    };
    for (int i = 0; i < 50; ++i) pairs(0);  // proves short, and runs on the loop from then on
    int turns = 0;
    bool done = false;
    auto counting = runtime::spawn([&] {
      while (!done) {
        ++turns;
        runtime::yield();
      }
    });
    runtime::yield();
    const int before = turns;
    pairs(2000);
    const int during = turns - before;
    done = true;
    counting.join();
    EXPECT_GT(during, 10);
  });
}

TEST_F(Sqlite, rows_of_a_read_that_was_given_up_on_the_loop_come_once) {
  with_items(3000, [](data::Database& database) {
    const auto first = [&](int limit) {
      return database.query<Item>("select * from items where id <= ? order by id", limit);
    };
    for (int i = 0; i < 10; ++i) EXPECT_EQ(first(1).size(), 1u);
    const std::vector<Item> all = first(3000);
    ASSERT_EQ(all.size(), 3000u);
    EXPECT_EQ(all.front().id, 1);
    EXPECT_EQ(all.back().id, 3000);
  });
}

TEST_F(Sqlite, transactions_of_two_programs_all_succeed_with_retries) {
  with_items(1, [&](data::Database& database) {
    database.execute("create table counters (id integer primary key, n integer not null)");
    database.execute("insert into counters values (1, 0)");
    data::Database other(driver({.path = path_, .busy_timeout_ms = 0}));
    const auto add = [](data::Database& to) {
      for (int i = 0; i < 50; ++i) {
        to.transaction(
            [](data::Transaction& transaction) {
              const int n = transaction.query_one<int>("select n from counters where id = 1").value();
              runtime::yield();
              transaction.execute("update counters set n = ? where id = 1", n + 1);
            },
            {.attempts = 1000});
      }
    };
    auto one = runtime::spawn([&] { add(database); });
    auto two = runtime::spawn([&] { add(other); });
    one.join();
    two.join();
    EXPECT_EQ(database.query_one<int>("select n from counters"), 100);
  });
}

TEST_F(Sqlite, a_statement_after_the_database_itself_rolled_back_is_refused) {
  with_items(1, [](data::Database& database) {
    database.execute("create trigger no_more before insert on items begin select raise(rollback, 'full'); end");
    data::Transaction transaction(database);
    transaction.execute("delete from items");
    EXPECT_THROW(transaction.execute("insert into items values (5, 'x')"), Error);
    try {
      transaction.execute("delete from items");  // alone, this would take effect at once
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::aborted);
    }
    transaction.rollback();
    EXPECT_EQ(database.query_one<int>("select count(*) from items"), 1);
  });
}

TEST_F(Sqlite, a_unique_key_of_several_columns_names_them_all) {
  with_items(0, [](data::Database& database) {
    database.execute("create table seats (id integer primary key, hall text, place text, unique (hall, place))");
    database.execute("insert into seats values (1, 'a', 'b')");
    try {
      database.execute("insert into seats values (2, 'a', 'b')");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::already_exists);
      EXPECT_EQ(error.fields(),
                (std::vector<FieldError>{{"/hall", "is already taken"}, {"/place", "is already taken"}}));
      EXPECT_EQ(error.message(), "hall, place is already taken");
    }
  });
}

TEST_F(Sqlite, what_callers_read_of_a_broken_constraint_names_no_table_and_the_log_has_the_rest) {
  with_items(0, [](data::Database& database) {
    database.execute("create table seats (id integer primary key, hall text check (hall <> 'x'), place text)");
    database.execute("create unique index seats_of_halls on seats (lower(hall))");
    database.execute("insert into seats values (1, 'a', 'b')");
    const std::initializer_list<data::Sql<0>> refused = {
        "insert into seats values (1, 'c', 'c')", "insert into seats values (2, 'A', 'c')",
        "insert into seats values (3, 'x', 'c')", "insert into seats values ('y', 'z', 'c')"};
    for (const data::Sql<0> statement : refused) {
      const std::string text(statement.statement().text);
      try {
        database.execute(statement);
        ADD_FAILURE() << text;
      } catch (const Error& error) {
        EXPECT_THAT(error.message(), testing::Not(testing::ContainsRegex("seats|hall <>"))) << text;
        if (error.fields().empty()) {
          EXPECT_THAT(describe(std::current_exception()), testing::HasSubstr(text));
        }
      }
    }
  });
}

TEST_F(Sqlite, more_statements_than_are_kept_prepared_work_too) {
  with_items(3,
             [](data::Database& database) {
               data::Transaction transaction(database);
               for (int round = 0; round < 3; ++round) {
                 EXPECT_EQ(transaction.query_one<int>("select count(*) from items"), 3);
                 EXPECT_EQ(transaction.query_one<int>("select max(id) from items"), 3);
                 EXPECT_EQ(transaction.query_one<int>("select min(id) from items"), 1);
               }
             },
             {.cached_statements = 1});
}

TEST_F(Sqlite, a_prepared_select_star_follows_a_changed_table) {
  struct Named {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> colour;
  };
  with_items(1, [](data::Database& database) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(database.query<Item>("select * from items").size(), 1u);
    database.execute("alter table items add column colour text");
    EXPECT_EQ(database.query<Named>("select * from items").size(), 1u);
    EXPECT_THROW(database.query<Item>("select * from items"), Error);
  });
}

// On a pooled connection the next user would find himself in the middle of it.
TEST_F(Sqlite, a_transaction_is_not_begun_or_ended_by_statements) {
  with_items(1, [](data::Database& database) {
    EXPECT_THROW(database.execute("begin immediate"), Error);
    EXPECT_THROW(database.execute("savepoint mine"), Error);
    data::Transaction transaction(database);
    transaction.execute("delete from items");
    EXPECT_THROW(transaction.execute("commit"), Error);
    EXPECT_THROW(transaction.execute("rollback"), Error);
    transaction.execute("insert into items values (2, 'kept')");
    transaction.commit();
    EXPECT_EQ(database.query<std::string>("select name from items"), std::vector<std::string>{"kept"});
  });
}

TEST_F(Sqlite, comments_may_follow_a_statement_but_no_second_one) {
  with_items(1, [](data::Database& database) {
    EXPECT_EQ(database.query_one<int>("select count(*) from items; -- all of them\n /* really */"), 1);
    database.execute("create table a (id integer);-- the end");
    EXPECT_THROW(database.execute("create table b (id integer);-- not the end\ncreate table c (id integer)"), Error);
    EXPECT_THROW(database.query_one<int>("select count(*) from b"), Error);
  });
}

TEST_F(Sqlite, fibers_of_several_loops_share_one_database) {
  world_ = runtime::World::real({.loops = 2});
  with_items(0, [&](data::Database& database) {
    const auto insert = [&](int from) {
      data::Repository<Item> items(database, "items");
      for (int i = from; i < from + 100; ++i) {
        items.insert({.id = i, .name = "x"});
        EXPECT_TRUE(items.exists(i));
      }
    };
    auto here = runtime::spawn([&] { insert(1); });
    runtime::run_on(*world_->loops()[1], [&] { insert(1000); });
    here.join();
    EXPECT_EQ(database.query_one<int>("select count(*) from items"), 200);
  });
}

TEST(SqliteInSimulation, runs_in_memory_without_time_passing) {
  runtime::SimulatedWorld world({.seed = 3});
  world.run([&] {
    data::Database database(driver());
    database.execute("create table items (id integer primary key, name text not null)");
    data::Repository<Item> items(database, "items");
    std::vector<decltype(runtime::spawn(std::function<void()>()))> tasks;
    for (int i = 0; i < 5; ++i) {
      tasks.push_back(runtime::spawn(std::function<void()>([&] {
        database.transaction([](data::Transaction& transaction) {
          data::Repository<Item>(transaction, "items").insert({.name = "x"});
          runtime::sleep_for(std::chrono::seconds(1));  // tidy:allow(sleep): virtual time
        });
      })));
    }
    for (auto& task : tasks) task.join();
    EXPECT_EQ(items.count(), 5);
  });
  EXPECT_EQ(world.elapsed(), std::chrono::seconds(5));  // one connection: one transaction after the other
}

TEST(DecimalOrder, is_that_of_the_values) {
  const auto compare = [](std::string_view left, std::string_view right) {
    return internal::compare_decimals(nullptr, static_cast<int>(left.size()), left.data(),
                                      static_cast<int>(right.size()), right.data());
  };
  const char* ascending[] = {"-100",
                             "-20.5",
                             "-20.05",
                             "-3",
                             "-0.001",
                             "0",
                             "0.001",
                             "0.01",
                             "3",
                             "20",
                             "20.05",
                             "20.5",
                             "99999999999999999999.1",
                             "99999999999999999999.2"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(compare(ascending[i], ascending[j]), i < j ? -1 : i > j ? 1 : 0) << ascending[i] << " " << ascending[j];
    }
  }
  EXPECT_EQ(compare("1.0", "1.00"), 0);
  EXPECT_EQ(compare("-0", "0.0"), 0);
  EXPECT_EQ(compare("007", "7"), 0);
  EXPECT_EQ(compare("1", "abc"), -1);  // what is no decimal comes after all that are
  EXPECT_EQ(compare("abc", "abd"), -1);
}

}  // namespace
}  // namespace marty::sqlite
