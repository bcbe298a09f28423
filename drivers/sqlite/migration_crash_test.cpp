// Migrations and processes that die, or that start at the same time: kill -9 at every call that a run makes to its
// database, and several programs that meet an empty file at once.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/data/database.hpp"
#include "marty/data/migrations.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/sqlite.hpp"

namespace marty::sqlite {
namespace {

constexpr int kFailed = 99;

std::vector<data::Migration> three_steps() {
  return {{1, "create_pets",
           "create table pets (id integer primary key);insert into pets values (1);"
           "insert into pets values (2)",
           ""},
          {2, "add_names",
           "alter table pets add column name text;update pets set name = 'Rex' where id = 1;"
           "update pets set name = 'Tom' where id = 2",
           ""},
          {3, "create_toys", "create table toys (id integer primary key);insert into toys values (1)", ""}};
}

// When to die, and whether transactions are what they promise to be: without them the sweep below has to find damage.
struct Fate {
  int calls_left = 0;
  bool transactional = true;
};

class DoomedConnection final : public data::Connection {
 public:
  DoomedConnection(std::unique_ptr<data::Connection> inner, Fate& fate) : inner_(std::move(inner)), fate_(fate) {}

  std::int64_t execute(const data::Statement& statement, std::span<const data::Value> values,
                       data::RowSink* sink) override {
    come_closer();
    return inner_->execute(statement, values, sink);
  }
  void script(std::string_view text) override {  // one statement at a time, to die between them
    while (!text.empty()) {
      come_closer();
      const auto end = text.find(';');
      inner_->script(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
  void begin(const data::TransactionOptions& options) override {
    come_closer();
    if (fate_.transactional) inner_->begin(options);
  }
  void commit() override {
    come_closer();
    inner_->commit();
  }
  void rollback() override { inner_->rollback(); }
  bool usable() const noexcept override { return inner_->usable(); }
  bool conflicted() const noexcept override { return inner_->conflicted(); }

 private:
  void come_closer() {
    if (--fate_.calls_left == 0) kill(getpid(), SIGKILL);
  }
  std::unique_ptr<data::Connection> inner_;
  Fate& fate_;
};

class DoomedDriver final : public data::Driver {
 public:
  DoomedDriver(const std::string& path, Fate& fate)
      : inner_(driver({.path = path, .synchronous = Synchronous::normal})), fate_(fate) {}
  const data::Dialect& dialect() const noexcept override { return inner_->dialect(); }
  data::ConnectionLimits limits() const noexcept override { return inner_->limits(); }
  std::unique_ptr<data::Connection> connect(data::Access access) override {
    return std::make_unique<DoomedConnection>(inner_->connect(access), fate_);
  }

 private:
  std::unique_ptr<data::Driver> inner_;
  Fate& fate_;
};

// Runs `program` in a process of its own; gives how that ended, as waitpid() does.
int in_a_process(const std::function<int()>& program) {
  const pid_t child = fork();
  if (child == 0) {
    int code = kFailed;
    try {
      runtime::World::real({.loops = 1})->run([&] { code = program(); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a program that migrates failed: %s\n", error.what());
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

class SqliteMigrations : public testing::Test {
 protected:
  ~SqliteMigrations() override { remove(); }
  void remove() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  }

  // Migrates an empty file and dies at the call of that number; false where it came to the end before.
  bool killed_at_call(int number, bool transactional) {
    remove();
    const int status = in_a_process([&] {
      Fate fate{number, transactional};
      data::Database database(std::make_unique<DoomedDriver>(path_, fate));
      data::Migrations(database, three_steps()).up();
      return 0;
    });
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    return false;
  }

  // Tables and rows, as text.
  static std::string content(data::Database& database) {
    std::string text;
    for (const std::string& table : database.query<std::string>(
             "select sql from sqlite_master where type = 'table' and name <> 'schema_migrations' order by name")) {
      text += table + "\n";
    }
    if (text.find("toys") != std::string::npos)
      text += std::to_string(*database.query_one<int>("select count(*) from toys")) + " toys\n";
    if (text.find("name text") != std::string::npos)
      text += std::to_string(*database.query_one<int>("select count(name) from pets")) + " names\n";
    if (text.find("pets") != std::string::npos)
      text += std::to_string(*database.query_one<int>("select count(*) from pets")) + " pets\n";
    return text;
  }

  // What is wrong with the file that a killed program left, or "".
  std::string damage(const std::vector<std::string>& content_by_version) {
    std::string found;
    runtime::World::real({.loops = 1})->run([&] {
      try {
        data::Database database(driver({.path = path_, .synchronous = Synchronous::normal}));
        data::Migrations migrations(database, three_steps());
        std::size_t applied = 0;
        for (const data::MigrationStatus& status : migrations.status())
          applied += status.state == data::MigrationState::applied ? 1 : 0;
        if (content(database) != content_by_version[applied]) {
          found = "after " + std::to_string(applied) + " steps there is:\n" + content(database);
          return;
        }
        if (migrations.up().size() != 3 - applied) found = "a step was left out or came twice";
        if (content(database) != content_by_version[3]) found = "at the end there is:\n" + content(database);
      } catch (const Error& error) {
        found = "the next run failed: " + error.message();
      }
    });
    return found;
  }

  std::vector<std::string> content_by_version() {
    std::vector<std::string> contents;
    remove();
    runtime::World::real({.loops = 1})->run([&] {
      data::Database database(driver({.path = path_, .synchronous = Synchronous::normal}));
      for (std::int64_t version = 0; version <= 3; ++version) {
        data::Migrations(database, three_steps()).to(version);
        contents.push_back(content(database));
      }
    });
    return contents;
  }

  const std::string path_ = testing::TempDir() + "marty_migrations_" + std::to_string(getpid()) + ".db";
};

TEST_F(SqliteMigrations, killed_at_any_call_leave_whole_steps_and_are_finished_by_the_next_run) {
  const std::vector<std::string> contents = content_by_version();
  int call = 1;
  for (; killed_at_call(call, true); ++call) EXPECT_EQ(damage(contents), "") << "killed at call " << call;
  EXPECT_GT(call, 25);  // begin, look, statements, entry, commit: of each of three steps
}

TEST_F(SqliteMigrations, would_be_found_damaged_by_the_kills_if_steps_were_no_transactions) {
  const std::vector<std::string> contents = content_by_version();
  int damaged = 0;
  for (int call = 1; killed_at_call(call, false); ++call) damaged += damage(contents).empty() ? 0 : 1;
  EXPECT_GT(damaged, 5);
}

TEST_F(SqliteMigrations, of_programs_that_meet_an_empty_file_at_once_are_applied_once) {
  constexpr int kPrograms = 4;
  for (int round = 0; round < 10; ++round) {
    remove();
    int gate[2];
    ASSERT_EQ(pipe(gate), 0);
    std::vector<pid_t> programs;
    for (int i = 0; i < kPrograms; ++i) {
      programs.push_back(fork());
      if (programs.back() != 0) continue;
      close(gate[1]);
      char nothing;
      if (read(gate[0], &nothing, 1) != 0) _exit(kFailed);  // until the parent opens the gate by closing it
      const int status = in_a_process([&] {
        data::Database database(driver({.path = path_, .synchronous = Synchronous::normal}));
        return static_cast<int>(data::Migrations(database, three_steps()).up().size());
      });
      _exit(WIFEXITED(status) ? WEXITSTATUS(status) : kFailed);
    }
    close(gate[0]);
    close(gate[1]);
    int steps = 0;
    for (const pid_t program : programs) {
      int status = 0;
      waitpid(program, &status, 0);
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 3) << "round " << round << ", status " << status;
      steps += WEXITSTATUS(status);
    }
    EXPECT_EQ(steps, 3);
  }
}

}  // namespace
}  // namespace marty::sqlite
