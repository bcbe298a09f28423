// The pool against a driver that does what the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/data/database.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/telemetry/metrics.hpp"

namespace marty::data {
namespace {

// What all connections of one scripted database share; the test reads and changes it.
struct Script {
  ConnectionLimits limits;
  int open = 0, most_open = 0, connects = 0, executed = 0, commits = 0, rollbacks = 0;
  int generation = 1;       // connections of an earlier one have been cut by the server
  bool notice_cut = false;  // whether an idle connection knows that it was cut
  int conflicts = 0;        // commits that will fail with a conflict
  int locked = 0;           // statements that will wait in vain for another's lock
  bool refuse_connects = false;
  std::string failing;                   // statements that begin so fail
  std::function<void()> during = [] {};  // inside every statement
};

class ScriptedConnection final : public Connection {
 public:
  explicit ScriptedConnection(Script& script) : script_(script), generation_(script.generation) {
    script_.most_open = std::max(script_.most_open, ++script_.open);
    ++script_.connects;
  }
  ~ScriptedConnection() override { --script_.open; }

  std::int64_t execute(const Statement& statement, std::span<const Value>, RowSink*) override {
    if (generation_ != script_.generation) {
      broken_ = true;
      throw Error(Code::unavailable, "the server closed the connection");
    }
    ++script_.executed;
    if (script_.locked > 0) {
      --script_.locked;
      conflicted_ = true;
      throw Error(Code::unavailable, "locked");
    }
    if (!script_.failing.empty() && statement.text.starts_with(script_.failing)) throw Error(Code::internal, "no");
    script_.during();
    return 0;
  }
  void script(std::string_view) override {}
  void begin(const TransactionOptions&) override { conflicted_ = false; }
  void commit() override {
    if (script_.conflicts > 0) {
      --script_.conflicts;
      conflicted_ = true;
      throw Error(Code::aborted, "could not serialise");
    }
    ++script_.commits;
  }
  void rollback() override { ++script_.rollbacks; }
  bool usable() const noexcept override {
    return !broken_ && !(script_.notice_cut && generation_ != script_.generation);
  }
  bool conflicted() const noexcept override { return conflicted_; }

 private:
  Script& script_;
  int generation_;
  bool broken_ = false, conflicted_ = false;
};

class ScriptedDriver final : public Driver {
 public:
  explicit ScriptedDriver(Script& script) : script_(script) {}
  const Dialect& dialect() const noexcept override {
    static constexpr Dialect kDialect{.name = "scripted"};
    return kDialect;
  }
  ConnectionLimits limits() const noexcept override { return script_.limits; }
  std::unique_ptr<Connection> connect(Access) override {
    if (script_.refuse_connects) throw Error(Code::unavailable, "refused");
    return std::make_unique<ScriptedConnection>(script_);
  }

 private:
  Script& script_;
};

class Pool : public testing::Test {
 protected:
  void run(PoolOptions options, const std::function<void(Database&)>& body) {
    world_.run([&] {
      Database database(std::make_unique<ScriptedDriver>(script_), std::move(options), &metrics_);
      body(database);
    });
    EXPECT_EQ(script_.open, 0);
  }
  static void read(Session& session) { session.query<int>("select 1"); }
  static void write(Session& session) { session.execute("delete from pets"); }

  Script script_;
  telemetry::Metrics metrics_;
  runtime::SimulatedWorld world_{{.seed = 1}};
};

using Task = decltype(runtime::spawn(std::function<void()>()));

TEST_F(Pool, opens_no_more_than_its_size_for_a_hundred_fibers) {
  script_.during = [] { runtime::yield(); };
  run({.size = 4}, [&](Database& database) {
    std::vector<Task> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(runtime::spawn(std::function<void()>([&] { write(database); })));
    for (Task& task : tasks) task.join();
    EXPECT_EQ(script_.executed, 100);
    EXPECT_EQ(script_.most_open, 4);
    EXPECT_EQ(database.stats().peak_in_use, 4);
    EXPECT_EQ(database.stats().idle, 4);
  });
}

TEST_F(Pool, one_writer_leaves_the_other_connections_to_readers) {
  script_.limits.writers = 1;
  run({.size = 3}, [&](Database& database) {
    Transaction writing(database);
    write(writing);
    read(database);
    read(database);
    EXPECT_EQ(database.stats().opened, 2u);
  });
}

TEST_F(Pool, a_wait_ends_with_an_error_that_names_pool_size_and_key) {
  run({.name = "orders", .size = 1, .wait_timeout_ms = 250}, [&](Database& database) {
    Transaction holding(database);
    const runtime::TimePoint start = runtime::now();
    try {
      read(database);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::resource_exhausted);
      EXPECT_EQ(error.http_status(), 503);
      EXPECT_THAT(error.message(), testing::AllOf(testing::HasSubstr("'orders'"), testing::HasSubstr("250 ms"),
                                                  testing::HasSubstr("all 1"), testing::HasSubstr("orders.pool.size")));
    }
    EXPECT_EQ(runtime::now() - start, std::chrono::milliseconds(250));
    EXPECT_EQ(database.stats().wait_timeouts, 1u);
    EXPECT_EQ(database.stats().waiting, 0);
  });
}

TEST_F(Pool, a_nearer_deadline_of_the_fiber_is_its_own_error) {
  run({.size = 1}, [&](Database& database) {
    Transaction holding(database);
    const runtime::DeadlineScope limit{std::chrono::milliseconds(20)};
    try {
      read(database);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::deadline_exceeded);
    }
    EXPECT_EQ(database.stats().wait_timeouts, 0u);
  });
}

TEST_F(Pool, a_waiting_fiber_gets_the_connection_that_another_gives_back) {
  run({.size = 1}, [&](Database& database) {
    auto holding = std::make_unique<Transaction>(database);
    bool done = false;
    auto waiting = runtime::spawn([&] {
      read(database);
      done = true;
    });
    runtime::yield();
    EXPECT_EQ(database.stats().waiting, 1);
    EXPECT_FALSE(done);
    holding->rollback();
    waiting.join();
    EXPECT_TRUE(done);
    EXPECT_EQ(database.stats().opened, 1u);
  });
}

TEST_F(Pool, a_dead_connection_is_replaced_and_a_read_repeated) {
  run({.size = 2}, [&](Database& database) {
    read(database);
    ++script_.generation;  // the server restarts
    read(database);        // nobody notices
    EXPECT_EQ(script_.executed, 2);
    EXPECT_EQ(database.stats().replaced, 1u);
    EXPECT_EQ(script_.connects, 2);
  });
}

TEST_F(Pool, a_write_on_a_dead_connection_is_not_repeated) {
  run({.size = 2}, [&](Database& database) {
    write(database);
    ++script_.generation;
    EXPECT_THROW(write(database), Error);  // it may have been done: the caller decides
    write(database);
    EXPECT_EQ(script_.executed, 2);
  });
}

TEST_F(Pool, a_connection_that_is_known_to_be_dead_is_not_lent) {
  script_.notice_cut = true;
  run({.size = 2}, [&](Database& database) {
    write(database);
    ++script_.generation;
    write(database);
    EXPECT_EQ(database.stats().replaced, 1u);
  });
}

TEST_F(Pool, a_refused_connection_leaves_its_place_free) {
  run({.size = 1}, [&](Database& database) {
    script_.refuse_connects = true;
    EXPECT_THROW(read(database), Error);
    script_.refuse_connects = false;
    read(database);
    EXPECT_EQ(database.stats().in_use, 0);
  });
}

TEST_F(Pool, closes_what_was_idle_for_long) {
  script_.during = [] { runtime::yield(); };
  run({.size = 3, .idle_timeout_ms = 1000}, [&](Database& database) {
    std::vector<Task> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(runtime::spawn(std::function<void()>([&] { write(database); })));
    for (Task& task : tasks) task.join();
    EXPECT_EQ(script_.open, 3);
    const auto later = runtime::now() + std::chrono::milliseconds(1500);
    runtime::sleep_until(later);  // tidy:allow(sleep): virtual time
    write(database);              // the last one used is young again
    EXPECT_EQ(script_.open, 1);
    EXPECT_EQ(database.stats().closed, 2u);
  });
}

TEST_F(Pool, counts_in_the_metrics) {
  run({.size = 2}, [&](Database& database) {
    read(database);
    read(database);
    write(database);
    ++script_.generation;
    EXPECT_THROW(write(database), Error);
    const auto count = [&](const char* operation, const char* table, const char* status) {
      return metrics_.value("mmf_database_operations_total",
                            {{"operation", operation}, {"table", table}, {"status", status}});
    };
    EXPECT_EQ(count("select", "", "ok"), 2);
    EXPECT_EQ(count("delete", "pets", "ok"), 1);
    EXPECT_EQ(count("delete", "pets", "unavailable"), 1);
    EXPECT_EQ(metrics_.value("mmf_database_operation_duration_seconds", {{"operation", "delete"}, {"table", "pets"}}),
              2);
    Transaction holding(database);
    EXPECT_EQ(metrics_.value("mmf_db_connections", {{"state", "used"}}), 1);
    EXPECT_EQ(metrics_.value("mmf_db_connections", {{"state", "idle"}}), 0);
  });
}

TEST_F(Pool, options_out_of_range_are_refused) {
  EXPECT_THROW(Database(std::make_unique<ScriptedDriver>(script_), {.size = 0}), Error);
  EXPECT_THROW(Database(std::make_unique<ScriptedDriver>(script_), {.wait_timeout_ms = 0}), Error);
}

TEST_F(Pool, a_transaction_is_retried_after_a_conflict_as_often_as_asked) {
  run({.size = 1}, [&](Database& database) {
    int runs = 0;
    const auto body = [&](Transaction& transaction) {
      write(transaction);
      return ++runs;
    };
    script_.conflicts = 2;
    EXPECT_EQ(database.transaction(body, {.attempts = 3}), 3);
    EXPECT_EQ(script_.commits, 1);
    EXPECT_EQ(script_.rollbacks, 2);
    script_.conflicts = 3;
    EXPECT_THROW(database.transaction(body, {.attempts = 3}), Error);
    EXPECT_EQ(runs, 6);
    script_.conflicts = 1;
    EXPECT_THROW(database.transaction(body), Error);
    EXPECT_EQ(runs, 7);
  });
}

// The alert MMFDatabaseConnectionFailure counts unavailable, and leaves out aborted.
TEST_F(Pool, a_lock_counts_as_a_failure_only_when_no_retry_is_left) {
  run({.size = 1}, [&](Database& database) {
    const auto counted = [&](std::string_view status) {
      return metrics_
          .value("mmf_database_operations_total",
                 {{"operation", "delete"}, {"table", "pets"}, {"status", std::string(status)}})
          .value_or(0);
    };
    const auto body = [](Transaction& transaction) { write(transaction); };
    script_.locked = 2;
    database.transaction(body, {.attempts = 3});
    EXPECT_EQ(counted("aborted"), 2);
    EXPECT_EQ(counted("unavailable"), 0);
    EXPECT_EQ(counted("ok"), 1);
    script_.locked = 2;
    EXPECT_THROW(database.transaction(body, {.attempts = 2}), Error);
    EXPECT_EQ(counted("aborted"), 3);
    EXPECT_EQ(counted("unavailable"), 1);
    script_.locked = 1;
    EXPECT_THROW(database.transaction(body), Error);
    EXPECT_EQ(counted("unavailable"), 2);
  });
}

TEST_F(Pool, a_function_may_end_its_transaction_itself) {
  run({.size = 1}, [&](Database& database) {
    const int answer = database.transaction([](Transaction& transaction) {
      write(transaction);
      transaction.rollback();
      return 42;
    });
    EXPECT_EQ(answer, 42);
    EXPECT_EQ(script_.rollbacks, 1);
    database.transaction([](Transaction& transaction) {
      write(transaction);
      transaction.commit();
    });
    EXPECT_EQ(script_.commits, 1);
  });
}

TEST_F(Pool, what_a_savepoint_could_not_undo_is_not_committed) {
  run({.size = 1}, [&](Database& database) {
    const auto commit_after_a_savepoint = [&] {
      database.transaction([&](Transaction& transaction) {
        {
          const Savepoint savepoint(transaction);
          write(transaction);
          script_.failing = "rollback to";
        }
        script_.failing.clear();
        EXPECT_THROW(write(transaction), Error);
      });
    };
    EXPECT_THROW(commit_after_a_savepoint(), Error);
    EXPECT_EQ(script_.commits, 0);
    EXPECT_EQ(script_.rollbacks, 1);
  });
}

}  // namespace
}  // namespace marty::data
