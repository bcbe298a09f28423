// What SQLite cannot do for now: another program holds the lock, the disk is full, the right to write is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/data/database.hpp"
#include "marty/runtime/world.hpp"
#include "sqlite/sqlite.hpp"

namespace marty::sqlite {
namespace {

class SqliteTrouble : public testing::Test {
 protected:
  ~SqliteTrouble() override {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  }
  // On a fiber, with a file that has the table items with one row.
  void with_items(const std::function<void(data::Database&)>& body) {
    world_->run([&] {
      data::Database database(driver({.path = path_, .synchronous = Synchronous::normal}), {.size = 4});
      database.execute("create table items (id integer primary key, name text not null)");
      database.execute("insert into items values (1, 'item 1')");
      body(database);
    });
  }

  const std::string path_ = testing::TempDir() + "marty_sqlite_trouble_" + std::to_string(getpid()) + ".db";
  std::unique_ptr<runtime::World> world_ = runtime::World::real({.loops = 1});
};

TEST_F(SqliteTrouble, a_lock_of_another_program_is_waited_for_and_then_the_service_s_own_failure) {
  with_items([&](data::Database& database) {
    data::Database other(driver({.path = path_, .busy_timeout_ms = 20}));
    data::Transaction holding(database);
    holding.execute("delete from items");
    data::Transaction waiting(other);
    try {
      waiting.execute("delete from items");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_EQ(error.http_status(), 503);
      EXPECT_FALSE(error.is_for_callers());
      EXPECT_THAT(error.message(),
                  testing::AllOf(testing::HasSubstr(path_), testing::HasSubstr("database.sqlite.busy_timeout_ms")));
    }
    EXPECT_TRUE(waiting.conflicted()) << "run again, it may succeed";
  });
}

TEST_F(SqliteTrouble, a_full_disk_is_507_and_remembered_until_a_write_finds_room) {
  with_items([](data::Database& database) {
    const std::string large(100'000, 'x');
    const auto status_of = [](const std::function<void()>& write) {
      try {
        write();
        return 200;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::resource_exhausted);
        EXPECT_FALSE(error.is_for_callers());
        return error.http_status();
      }
    };
    const auto insert = [&] { database.execute("insert into items (name) values (?)", large); };
    const auto insert_in_transaction = [&] {
      database.transaction(
          [&](data::Transaction& transaction) { transaction.execute("insert into items (name) values (?)", large); });
    };
    EXPECT_EQ(database.storage_failure(), "");
    database.execute("pragma max_page_count = 8");
    EXPECT_EQ(status_of(insert), 507);
    EXPECT_THAT(database.storage_failure(), testing::HasSubstr("make room"));
    EXPECT_EQ(database.query_one<int>("select count(*) from items"), 1) << "reading goes on";
    EXPECT_NE(database.storage_failure(), "");
    database.execute("pragma max_page_count = 100000");
    EXPECT_EQ(status_of(insert_in_transaction), 200);
    EXPECT_EQ(database.storage_failure(), "");
    database.execute("pragma max_page_count = 30");
    EXPECT_EQ(status_of(insert_in_transaction), 507);
    EXPECT_NE(database.storage_failure(), "");
    database.execute("delete from items");
    EXPECT_EQ(database.storage_failure(), "");
  });
}

// As root nothing is forbidden, so this one acts as somebody else meanwhile.
TEST_F(SqliteTrouble, what_may_not_be_written_to_is_named_with_what_to_do) {
  const std::filesystem::path folder = path_ + ".folder";
  const std::string file = folder / "items.db";
  std::filesystem::create_directory(folder);
  world_->run([&] { data::Database(driver({.path = file})).execute("create table items (id integer)"); });
  std::filesystem::permissions(file, std::filesystem::perms(0444));
  const auto expect_refused = [&](const std::function<void(data::Database&)>& write) {
    try {
      data::Database database(driver({.path = file}));
      write(database);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_THAT(error.message(), testing::AllOf(testing::HasSubstr(file), testing::HasSubstr("folder")));
    }
  };
  const bool is_root = geteuid() == 0;
  for (const int rights : {0777, 0555}) {
    std::filesystem::permissions(folder, std::filesystem::perms(rights));
    if (is_root) {
      ASSERT_EQ(seteuid(65534), 0);
    }
    world_->run([&] {
      expect_refused([](data::Database& database) { database.execute("insert into items values (1)"); });
      expect_refused([](data::Database& database) {  // one that would write nothing, as that of a migration
        database.transaction([](data::Transaction& transaction) {
          transaction.execute("create table if not exists items (id integer)");
        });
      });
    });
    if (is_root) {
      ASSERT_EQ(seteuid(0), 0);
    }
  }
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  std::filesystem::remove_all(folder);
}

TEST_F(SqliteTrouble, a_write_where_only_reading_was_asked_for_is_the_service_s_own_mistake) {
  with_items([](data::Database& database) {
    data::Transaction transaction(database, {.read_only = true});
    try {
      transaction.execute("delete from items");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::internal);
      EXPECT_THAT(error.message(), testing::Not(testing::HasSubstr("folder")));
    }
  });
}

}  // namespace
}  // namespace marty::sqlite
