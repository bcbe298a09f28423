// The contract of transactions and savepoints.
#pragma once

#include <stdexcept>

#include "marty/data/internal/contract_suite.hpp"

namespace marty::data::contract {

TEST_P(DataContract, a_transaction_takes_effect_when_it_commits) {
  with_pets([](Database& database) {
    {
      Transaction transaction(database);
      Pets(transaction).insert({.name = "Rex", .species = "dog"});
      EXPECT_EQ(Pets(transaction).count(), 1);
      if (GetParam()->many_connections()) {
        EXPECT_EQ(Pets(database).count(), 0);
      }
      transaction.commit();
      EXPECT_FALSE(transaction.active());
    }
    EXPECT_EQ(Pets(database).count(), 1);
  });
}

TEST_P(DataContract, a_transaction_that_is_left_rolls_back) {
  with_pets([](Database& database) {
    {
      Transaction transaction(database);
      Pets(transaction).insert({.name = "Rex", .species = "dog"});
    }
    EXPECT_EQ(Pets(database).count(), 0);
    const auto failing = [&] {
      database.transaction([](Transaction& transaction) {
        Pets(transaction).insert({.name = "Rex", .species = "dog"});
        throw std::runtime_error("no");
      });
    };
    EXPECT_THROW(failing(), std::runtime_error);
    EXPECT_EQ(Pets(database).count(), 0);
    EXPECT_EQ(database.stats().in_use, 0);
  });
}

TEST_P(DataContract, a_cancelled_transaction_rolls_back) {
  with_pets([](Database& database) {
    Code code = Code::ok;
    runtime::Event inserted;
    auto task = runtime::spawn([&] {
      code = code_of([&] {
        database.transaction([&](Transaction& transaction) {
          Pets(transaction).insert({.name = "Rex", .species = "dog"});
          inserted.set();
          runtime::Event never;
          never.wait();
        });
      });
    });
    inserted.wait();
    task.cancel();
    task.join();
    EXPECT_EQ(code, Code::cancelled);
    EXPECT_EQ(Pets(database).count(), 0);
    EXPECT_EQ(database.stats().in_use, 0);
  });
}

TEST_P(DataContract, transaction_gives_what_its_function_gives) {
  with_pets([](Database& database) {
    const Pet rex = database.transaction(
        [](Transaction& transaction) { return Pets(transaction).insert({.name = "Rex", .species = "dog"}); });
    EXPECT_EQ(Pets(database).require(rex.id), rex);
  });
}

TEST_P(DataContract, statements_of_an_ended_transaction_are_refused) {
  with_pets([](Database& database) {
    Transaction transaction(database);
    transaction.rollback();
    std::string message;
    EXPECT_EQ(code_of([&] { Pets(transaction).count(); }, &message), Code::failed_precondition);
    EXPECT_THAT(message, testing::Not(testing::HasSubstr("select")));  // callers see it
    EXPECT_EQ(code_of([&] { transaction.commit(); }), Code::failed_precondition);
    transaction.rollback();  // a second one is none
  });
}

TEST_P(DataContract, a_failed_statement_leaves_the_rest_of_the_transaction_to_its_owner) {
  with_pets([](Database& database) {
    Transaction transaction(database);
    const Pet rex = Pets(transaction).insert({.name = "Rex", .species = "dog"});
    {
      const Savepoint savepoint(transaction);  // PostgreSQL refuses everything after an error but a rollback
      EXPECT_EQ(code_of([&] { Pets(transaction).insert(rex); }), Code::already_exists);
    }
    Pets(transaction).insert({.name = "Tom", .species = "cat"});
    transaction.commit();
    EXPECT_EQ(Pets(database).count(), 2);
  });
}

TEST_P(DataContract, a_savepoint_undoes_its_part_only) {
  with_pets([](Database& database) {
    database.transaction([](Transaction& transaction) {
      Pets pets(transaction);
      pets.insert({.name = "kept", .species = "dog"});
      {
        const Savepoint savepoint(transaction);
        pets.insert({.name = "undone", .species = "dog"});
      }
      Savepoint outer(transaction);
      pets.insert({.name = "released", .species = "dog"});
      {
        Savepoint inner(transaction);
        pets.insert({.name = "undone too", .species = "dog"});
        inner.rollback();
        pets.insert({.name = "after", .species = "dog"});
      }
      outer.release();
    });
    EXPECT_EQ(database.query<std::string>("select name from pets order by name"),
              (std::vector<std::string>{"after", "kept", "released"}));
  });
}

TEST_P(DataContract, a_read_only_transaction_cannot_write) {
  with_pets([](Database& database) {
    Pets(database).insert({.name = "Rex", .species = "dog"});
    Transaction transaction(database, {.read_only = true});
    EXPECT_EQ(Pets(transaction).count(), 1);
    EXPECT_NE(code_of([&] { Pets(transaction).insert({.name = "Tom", .species = "cat"}); }), Code::ok);
    transaction.rollback();
    EXPECT_EQ(Pets(database).count(), 1);
  });
}

TEST_P(ConcurrentDataContract, a_read_only_transaction_sees_one_state) {
  with_pets([](Database& database) {
    Transaction reading(database, {.isolation = Isolation::repeatable_read, .read_only = true});
    EXPECT_EQ(Pets(reading).count(), 0);
    Pets(database).insert({.name = "Rex", .species = "dog"});
    EXPECT_EQ(Pets(reading).count(), 0);
    reading.commit();
    EXPECT_EQ(Pets(database).count(), 1);
  });
}

TEST_P(DataContract, a_conflict_is_retried_only_where_asked) {
  with_pets([](Database& database) {
    int runs = 0;
    const auto stale = [&](Transaction& transaction) {
      ++runs;
      Pets(transaction).update({.id = Uuid{}, .name = "Rex", .species = "dog", .version = 1});
    };
    // A row that is not there is no conflict with another transaction: no retry, whatever was asked.
    EXPECT_EQ(code_of([&] { database.transaction(stale, {.attempts = 5}); }), Code::not_found);
    EXPECT_EQ(runs, 1);
  });
}

TEST_P(DataContract, a_transaction_that_waits_for_itself_is_told_so) {
  with_pets(
      [](Database& database) {
        Transaction transaction(database);
        Pets(transaction).insert({.name = "Rex", .species = "dog"});
        std::string message;
        EXPECT_EQ(code_of([&] { Pets(database).insert({.name = "Tom", .species = "cat"}); }, &message),
                  Code::resource_exhausted);
        EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("'database'"), testing::HasSubstr("database.pool.size"),
                                            testing::HasSubstr("1 ")));
        EXPECT_EQ(database.stats().wait_timeouts, 1u);
      },
      {.size = 1, .wait_timeout_ms = 30});
}

}  // namespace marty::data::contract
