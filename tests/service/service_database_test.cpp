// A service and its database: transactions of handlers, migrations at the start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/simulation.hpp"
#include "marty/service/service.hpp"
#include "marty/testing/client.hpp"
#include "sqlite/sqlite.hpp"

namespace marty {
namespace {

using ::testing::HasSubstr;

struct Count {
  std::int64_t rows;
};

// SQLite in memory, whose rollbacks fail on request, as those of a lost connection do.
struct FragileOptions {
  std::string path = ":memory:";
};
bool rollbacks_fail = false;

class FragileConnection final : public data::Connection {
 public:
  explicit FragileConnection(std::unique_ptr<data::Connection> inner) : inner_(std::move(inner)) {}
  std::int64_t execute(const data::Statement& statement, std::span<const data::Value> values,
                       data::RowSink* sink) override {
    return inner_->execute(statement, values, sink);
  }
  void script(std::string_view text) override { inner_->script(text); }
  void begin(const data::TransactionOptions& options) override { inner_->begin(options); }
  void commit() override { inner_->commit(); }
  void rollback() override {
    inner_->rollback();
    if (rollbacks_fail) throw Error::exhausted("no thread is free");
  }
  bool usable() const noexcept override { return inner_->usable(); }
  bool conflicted() const noexcept override { return inner_->conflicted(); }

 private:
  std::unique_ptr<data::Connection> inner_;
};

class FragileDriver final : public data::Driver {
 public:
  explicit FragileDriver(const FragileOptions& options) : inner_(sqlite::driver({.path = options.path})) {}
  const data::Dialect& dialect() const noexcept override { return inner_->dialect(); }
  data::ConnectionLimits limits() const noexcept override { return inner_->limits(); }
  std::unique_ptr<data::Connection> connect(data::Access access) override {
    return std::make_unique<FragileConnection>(inner_->connect(access));
  }

 private:
  std::unique_ptr<data::Driver> inner_;
};

std::unique_ptr<data::Driver> fragile(FragileOptions options) { return std::make_unique<FragileDriver>(options); }

void insert(Transaction& transaction) { transaction.execute("insert into items values (1)"); }

// A service with a table `items` and one route for each way a handler may end.
void with_items(const std::function<void(testing::Client&, Service&)>& test) {
  runtime::SimulatedWorld().run([&] {
    telemetry::RecordingSink log;
    Service service(
        "items",
        ServiceOptions{.directory = "/nonexistent", .environment = "testing", .log_sink = &log, .listen = false});
    service.database("fragile", fragile);
    service.on_start("tables", [](Database& database) { database.execute("create table items (id integer)"); });
    service.post(
        "/returns", [](Transaction& transaction) { insert(transaction); }, "Adds");
    service.post(
        "/rolls_back",
        [](Transaction& transaction) {
          insert(transaction);
          transaction.rollback();
        },
        "Changes its mind");
    service.post(
        "/throws",
        [](Transaction& transaction) {
          insert(transaction);
          throw Error(Code::failed_precondition, "not today");
        },
        "Fails");
    service.post(
        "/streams",
        [](Transaction& transaction) {
          insert(transaction);
          return web::stream("text/csv", [&transaction](http::BodyWriter& out) {
            insert(transaction);
            out.write(std::to_string(*transaction.query_one<std::int64_t>("select count(*) from items")));
          });
        },
        "Adds, and exports in the same transaction");
    service.post(
        "/stream_throws",
        [](Transaction& transaction) {
          return web::stream("text/csv", [&transaction](http::BodyWriter&) {
            insert(transaction);
            throw Error(Code::failed_precondition, "not today");
          });
        },
        "Fails while it exports");
    service.get(
        "/count",
        [](Database& database) { return Count{*database.query_one<std::int64_t>("select count(*) from items")}; },
        "Counts");
    service.start();
    testing::Client client(service.app());
    test(client, service);
    service.stop();
  });
}

std::int64_t count(testing::Client& client) { return client.get("/count").json<Count>().rows; }

TEST(ServiceTransaction, commits_when_the_handler_returns) {
  with_items([](testing::Client& client, Service&) {
    EXPECT_EQ(client.send(http::Method::post, "/returns").status, 204);
    EXPECT_EQ(count(client), 1);
  });
}

TEST(ServiceTransaction, is_the_handlers_to_end) {
  with_items([](testing::Client& client, Service&) {
    EXPECT_EQ(client.send(http::Method::post, "/rolls_back").status, 204);
    EXPECT_EQ(count(client), 0);
  });
}

TEST(ServiceTransaction, lasts_as_long_as_the_stream_that_uses_it) {
  with_items([](testing::Client& client, Service& service) {
    const testing::Response reply = client.send(http::Method::post, "/streams");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "2");
    EXPECT_EQ(count(client), 2);
    EXPECT_EQ(client.send(http::Method::post, "/stream_throws").status, 409);
    EXPECT_EQ(count(client), 2);
    EXPECT_EQ(service.database().stats().in_use, 0);
  });
}

TEST(ServiceTransaction, that_cannot_be_rolled_back_does_not_end_the_process) {
  with_items([](testing::Client& client, Service& service) {
    rollbacks_fail = true;
    EXPECT_EQ(client.send(http::Method::post, "/throws").status, 409);
    rollbacks_fail = false;
    EXPECT_EQ(count(client), 0);
    EXPECT_EQ(service.database().stats().in_use, 0);
  });
}

// A folder with a service's files, removed at the end.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(::testing::TempDir()) / ("marty_service." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "migrations");
    write("migrations/0001_pets.up.sql", "create table pets (id integer)");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, std::string_view text) const { std::ofstream(path_ / name) << text; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// Why a start in that folder and environment fails; "" where it does not.
std::string start_in(const Folder& folder, const std::string& environment, config::Variables variables = {}) {
  std::string failure;
  runtime::SimulatedWorld().run([&] {
    telemetry::RecordingSink log;
    variables.emplace("MARTY_DATABASE__SQLITE__PATH", folder.path() + "/shop.db");
    Service service("shop", ServiceOptions{.directory = folder.path(),
                                           .environment = environment,
                                           .variables = variables,
                                           .log_sink = &log,
                                           .listen = false});
    service.database("sqlite", sqlite::driver);
    try {
      service.start();
    } catch (const Error&) {
      failure = describe(std::current_exception());
    }
    service.stop();
  });
  return failure;
}

TEST(ServiceMigrations, run_at_the_start_in_development_and_have_to_be_there_in_production) {
  const Folder folder;
  EXPECT_THAT(start_in(folder, "production"), HasSubstr("migration 1_pets is not applied: run shop migrate up"));
  EXPECT_EQ(start_in(folder, "development"), "");
  EXPECT_EQ(start_in(folder, "production"), "");
}

TEST(ServiceMigrations, that_do_not_fit_the_database_stop_the_start_for_the_right_reason) {
  const Folder folder;
  folder.write("migrations/0002_toys.up.sql", "create table toys (id integer)");
  ASSERT_EQ(start_in(folder, "testing"), "");
  std::filesystem::remove(folder.path() + "/migrations/0002_toys.up.sql");
  EXPECT_THAT(start_in(folder, "production"), HasSubstr("the database is ahead: 0002_toys.up.sql"));
  folder.write("migrations/0002_toys.up.sql", "create table balls (id integer)");
  EXPECT_THAT(start_in(folder, "production"), HasSubstr("0002_toys.up.sql was changed after it was applied"));
}

TEST(ServiceMigrations, are_the_same_with_the_line_ends_of_another_checkout) {
  const Folder folder;
  const std::string name = "migrations/0002_toys.up.sql", text = "create table toys (\n  id integer\n)\n";
  const std::string with_cr = "create table toys (\r\n  id integer\r\n)\r\n";
  folder.write(name, text);
  ASSERT_EQ(start_in(folder, "testing"), "");
  folder.write(name, with_cr);
  EXPECT_EQ(start_in(folder, "production"), "");
  folder.write("migrations/0003_balls.up.sql", "create table balls (id integer);\r\n");
  ASSERT_EQ(start_in(folder, "testing"), "");
  folder.write("migrations/0003_balls.up.sql", "create table balls (id integer);\n");
  EXPECT_EQ(start_in(folder, "production"), "");
}

TEST(ServiceMigrations, are_looked_for_where_the_configuration_says) {
  const Folder folder;
  EXPECT_THAT(start_in(folder, "testing", {{"MARTY_DATABASE__MIGRATIONS", "migration"}}),
              ::testing::AllOf(HasSubstr("/migration:"), HasSubstr("database.migrations")));
}

TEST(ServiceDatabase, another_driver_is_named_before_its_options_are_called_unknown) {
  const Folder folder;
  EXPECT_THAT(
      start_in(folder, "testing", {{"MARTY_DATABASE__DRIVER", "postgres"}, {"MARTY_DATABASE__POSTGRES__HOST", "db"}}),
      HasSubstr("link marty::postgres"));
}

TEST(ServiceDatabase, that_cannot_be_opened_stops_the_start_naming_path_and_key) {
  const Folder folder;
  EXPECT_THAT(start_in(folder, "testing", {{"MARTY_DATABASE__SQLITE__PATH", "/no/such/folder/shop.db"}}),
              ::testing::AllOf(HasSubstr("database.sqlite cannot be used"), HasSubstr("/no/such/folder/shop.db"),
                               HasSubstr("MARTY_DATABASE__SQLITE__PATH")));
}

// What another program does to the file while it holds the lock, or has let go of it.
void while_locked(const std::string& file, const std::function<void()>& locked, const std::function<void()>& after) {
  data::Database other(sqlite::driver({.path = file}));
  data::Transaction holding(other);
  holding.execute("create table if not exists others (id integer)");
  locked();
  holding.rollback();
  after();
}

// RFC 9110 section 15.6.4: 409 would be about the state of the resource, and the client's to resolve.
TEST(ServiceDatabase, locked_by_another_program_is503_in_the_log_and_without_its_words) {
  const Folder folder;
  const std::string file = folder.path() + "/shop.db";
  runtime::SimulatedWorld().run([&] {
    telemetry::RecordingSink log;
    Service service("shop", ServiceOptions{.directory = folder.path(),
                                           .environment = "testing",
                                           .variables = {{"MARTY_DATABASE__SQLITE__PATH", file},
                                                         {"MARTY_DATABASE__SQLITE__BUSY_TIMEOUT_MS", "0"}},
                                           .log_sink = &log,
                                           .listen = false});
    service.database("sqlite", sqlite::driver);
    service.post(
        "/pets", [](Transaction& transaction) { transaction.execute("insert into pets values (1)"); }, "Adds");
    service.start();
    testing::Client client(service.app());
    const auto locked = [&] {
      const testing::Response reply = client.send(http::Method::post, "/pets");
      EXPECT_EQ(reply.status, 503);
      EXPECT_EQ(reply.header("retry-after"), "1");
      EXPECT_THAT(reply.body, ::testing::Not(::testing::AnyOf(HasSubstr("sqlite"), HasSubstr("lock"))));
      EXPECT_THAT(log.lines(), ::testing::Contains(
                                   ::testing::AllOf(HasSubstr(R"("level":"error")"), HasSubstr("has held its lock"))));
    };
    while_locked(file, locked, [&] { EXPECT_EQ(client.send(http::Method::post, "/pets").status, 204); });
    service.stop();
  });
}

TEST(ServiceMigrations, of_a_locked_database_say_who_is_in_the_way) {
  const Folder folder;
  const config::Variables impatient{{"MARTY_DATABASE__SQLITE__BUSY_TIMEOUT_MS", "0"}};
  const auto locked = [&] {
    EXPECT_THAT(start_in(folder, "testing", impatient),
                ::testing::AllOf(HasSubstr("shop.db"), HasSubstr("has held its lock")));
  };
  while_locked(folder.path() + "/shop.db", locked, [&] { EXPECT_EQ(start_in(folder, "testing", impatient), ""); });
}

}  // namespace
}  // namespace marty
