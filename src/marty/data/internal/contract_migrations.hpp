// The contract of migrations.
#pragma once

#include "marty/data/internal/contract_suite.hpp"

namespace marty::data::contract {

inline std::vector<Migration> three_steps() {
  return {{1, "create_pets", "create table pets (id integer primary key); insert into pets values (1);",
           "drop table pets;"},
          {2, "add_name", "-- a comment; with a semicolon\nalter table pets add column name varchar(20);",
           "alter table pets drop column name;"},
          {3, "create_toys", "create table toys (id integer primary key)", "drop table toys"}};
}

inline std::string names(const std::vector<MigrationStep>& steps) {
  std::string text;
  for (const MigrationStep& step : steps) text += (step.up ? "+" : "-") + step.name + " ";
  return text;
}

TEST_P(DataContract, migrations_go_up_down_and_a_second_run_does_nothing) {
  with_database([](Database& database) {
    Migrations migrations(database, three_steps());
    EXPECT_EQ(names(migrations.plan(3)), "+create_pets +add_name +create_toys ");
    EXPECT_EQ(migrations.status().at(0).state, MigrationState::pending);
    EXPECT_EQ(names(migrations.up()), "+create_pets +add_name +create_toys ");
    EXPECT_EQ(names(migrations.up()), "");
    EXPECT_EQ(migrations.status().at(2).state, MigrationState::applied);
    EXPECT_FALSE(migrations.status().at(2).applied_at.empty());
    EXPECT_EQ(names(migrations.to(1)), "-create_toys -add_name ");
    EXPECT_EQ(database.query_one<int>("select count(*) from pets"), 1);
    EXPECT_EQ(names(migrations.to(2)), "+add_name ");
    EXPECT_EQ(names(migrations.to(0)), "-add_name -create_pets ");
    EXPECT_EQ(code_of([&] { database.query_one<int>("select count(*) from pets"); }), Code::internal);
    EXPECT_EQ(code_of([&] { migrations.to(4); }), Code::invalid_argument);
  });
}

TEST_P(DataContract, a_dry_run_changes_nothing) {
  with_database([](Database& database) {
    Migrations migrations(database, three_steps());
    EXPECT_EQ(migrations.plan(1).at(0).sql, three_steps()[0].up);
    EXPECT_EQ(code_of([&] { database.query_one<int>("select count(*) from schema_migrations"); }), Code::internal);
  });
}

TEST_P(DataContract, a_migration_that_was_changed_renamed_or_is_unknown_stops_the_run) {
  with_database([](Database& database) {
    Migrations(database, three_steps()).up();
    std::string message;
    std::vector<Migration> changed = three_steps();
    changed[1].up += " ";
    EXPECT_EQ(code_of([&] { Migrations(database, changed).up(); }, &message), Code::failed_precondition);
    EXPECT_THAT(message, testing::HasSubstr("0002_add_name.up.sql"));
    EXPECT_EQ(Migrations(database, changed).status().at(1).state, MigrationState::changed);
    std::vector<Migration> renamed = three_steps();
    renamed[2].name = "create_balls";
    EXPECT_EQ(code_of([&] { Migrations(database, renamed).up(); }, &message), Code::failed_precondition);
    EXPECT_THAT(message, testing::HasSubstr("0003_create_balls.up.sql"));
    std::vector<Migration> fewer = three_steps();
    fewer.pop_back();
    EXPECT_EQ(code_of([&] { Migrations(database, fewer).up(); }, &message), Code::failed_precondition);
    EXPECT_THAT(message, testing::HasSubstr("ahead"));
    EXPECT_EQ(Migrations(database, fewer).status().at(2).state, MigrationState::unknown);
  });
}

TEST_P(DataContract, gaps_and_repeated_numbers_are_refused) {
  with_database([](Database& database) {
    std::string message;
    const auto refused = [&](std::vector<Migration> migrations) {
      return code_of([&] { Migrations(database, std::move(migrations)); }, &message);
    };
    EXPECT_EQ(refused({{1, "a", "select 1", ""}, {3, "c", "select 1", ""}}), Code::invalid_argument);
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("0003_c.up.sql"), testing::HasSubstr("2 is missing")));
    EXPECT_EQ(refused({{1, "a", "select 1", ""}, {1, "b", "select 1", ""}}), Code::invalid_argument);
    EXPECT_THAT(message, testing::HasSubstr("0001_b.up.sql"));
    EXPECT_EQ(refused({{2, "a", "select 1", ""}}), Code::invalid_argument);
    EXPECT_EQ(refused({{1, "a", "", ""}}), Code::invalid_argument);
  });
}

TEST_P(DataContract, a_migration_that_fails_leaves_nothing_behind) {
  with_database([](Database& database) {
    std::vector<Migration> migrations = three_steps();
    migrations[1].up = "create table half (id integer); insert into no_such_table values (1);";
    std::string message;
    EXPECT_EQ(code_of([&] { Migrations(database, migrations).up(); }, &message), Code::internal);
    EXPECT_THAT(message,
                testing::AllOf(testing::HasSubstr("0002_add_name.up.sql"), testing::HasSubstr("no_such_table")));
    EXPECT_EQ(code_of([&] { database.query_one<int>("select count(*) from half"); }), Code::internal);
    EXPECT_EQ(database.query_one<int>("select count(*) from schema_migrations"), 1);
    EXPECT_EQ(names(Migrations(database, three_steps()).up()), "+add_name +create_toys ");
  });
}

TEST_P(DataContract, a_migration_without_a_way_down_stops_before_anything_is_undone) {
  with_database([](Database& database) {
    std::vector<Migration> migrations = three_steps();
    migrations[1].down.clear();
    Migrations(database, migrations).up();
    std::string message;
    EXPECT_EQ(code_of([&] { Migrations(database, migrations).to(0); }, &message), Code::failed_precondition);
    EXPECT_THAT(message, testing::HasSubstr("0002_add_name.down.sql"));
    EXPECT_EQ(database.query_one<int>("select count(*) from schema_migrations"), 3);
  });
}

TEST_P(DataContract, a_migration_must_not_end_its_transaction) {
  with_database([](Database& database) {
    std::vector<Migration> migrations = {
        {1, "a", "create table a (id integer); commit; create table b (id integer)", ""}};
    std::string message;
    EXPECT_NE(code_of([&] { Migrations(database, migrations).up(); }, &message), Code::ok);
    EXPECT_THAT(message, testing::HasSubstr("commit"));
    EXPECT_EQ(code_of([&] { database.query_one<int>("select count(*) from a"); }), Code::internal);
    EXPECT_EQ(code_of([&] { database.query_one<int>("select count(*) from b"); }), Code::internal);
    migrations[0].up = "create table a (id integer); create table b (id integer)";
    EXPECT_EQ(names(Migrations(database, migrations).up()), "+a ");
  });
}

TEST_P(ConcurrentDataContract, two_programs_that_migrate_at_once_apply_each_step_once) {
  with_database([](Database& database) {
    Database other(GetParam()->same_database(), {.size = 2});
    std::vector<MigrationStep> first, second;
    auto one = runtime::spawn([&] { first = Migrations(database, three_steps()).up(); });
    auto two = runtime::spawn([&] { second = Migrations(other, three_steps()).up(); });
    one.join();
    two.join();
    EXPECT_EQ(first.size() + second.size(), 3u);
    EXPECT_EQ(database.query<int>("select version from schema_migrations order by version"),
              (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(database.query_one<int>("select count(*) from pets"), 1);
  });
}

}  // namespace marty::data::contract
