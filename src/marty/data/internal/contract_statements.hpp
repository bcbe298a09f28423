// The contract of single statements: types, binding, errors, the pool.
#pragma once

#include <limits>

#include "marty/data/internal/contract_suite.hpp"

namespace marty::data::contract {

inline void create_everything(Session& session) {
  session.execute(
      "create table everything (id bigint primary key, flag smallint, tiny smallint, count bigint, ratio double "
      "precision, text text, "
      "status varchar(40), uuid varchar(36), at varchar(40), price varchar(60), bytes blob, address text, tags text, "
      "note text, "
      "maybe bigint)");
}

TEST_P(DataContract, a_row_with_every_kind_of_field_comes_back_as_it_was_stored) {
  with_database([](Database& database) {
    create_everything(database);
    Repository<Everything> rows(database, "everything");
    Everything row{.id = 7,
                   .flag = true,
                   .tiny = -128,
                   .count = 4'000'000'000u,
                   .ratio = 0.1,
                   .text = "it's \"quoted\" \\ \n ü",
                   .status = Status::pending,
                   .uuid = runtime::new_uuid(),
                   .at = runtime::wall_now(),
                   .price = Decimal("-12.50"),
                   .bytes = {},
                   .address = {"Main street", 5},
                   .tags = {"a", "b\"c"},
                   .note = std::nullopt,
                   .maybe = std::numeric_limits<std::int64_t>::min()};
    row.bytes = Bytes(std::string_view("\0\xff'", 3));
    rows.insert(row);
    const Everything stored = rows.require(7);
    EXPECT_EQ(stored.flag, row.flag);
    EXPECT_EQ(stored.tiny, row.tiny);
    EXPECT_EQ(stored.count, row.count);
    EXPECT_EQ(stored.ratio, row.ratio);
    EXPECT_EQ(stored.text, row.text);
    EXPECT_EQ(stored.status, row.status);
    EXPECT_EQ(stored.uuid, row.uuid);
    EXPECT_EQ(stored.at, row.at);
    EXPECT_EQ(stored.price, row.price);
    EXPECT_EQ(stored.bytes, row.bytes);
    EXPECT_EQ(stored.address, row.address);
    EXPECT_EQ(stored.tags, row.tags);
    EXPECT_EQ(stored.note, row.note);
    EXPECT_EQ(stored.maybe, row.maybe);
  });
}

TEST_P(DataContract, empty_texts_and_blobs_are_not_null) {
  with_database([](Database& database) {
    create_everything(database);
    database.execute("insert into everything (id, text, bytes) values (?, ?, ?)", 1, std::string(), Bytes{});
    EXPECT_EQ(database.query_one<int>("select count(*) from everything where text is not null and bytes is not null"),
              1);
    EXPECT_EQ(database.query_one<std::string>("select text from everything"), "");
  });
}

TEST_P(DataContract, text_order_of_stored_timestamps_is_time_order) {
  with_database([](Database& database) {
    create_everything(database);
    const Timestamp second = Timestamp(std::chrono::seconds(1'767'225'600));
    database.execute("insert into everything (id, at) values (?, ?)", 2, second + std::chrono::milliseconds(500));
    database.execute("insert into everything (id, at) values (?, ?)", 1, second);
    database.execute("insert into everything (id, at) values (?, ?)", 3, second + std::chrono::seconds(1));
    EXPECT_EQ(database.query<int>("select id from everything order by at"), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(
        database.query_one<int>("select id from everything where at > ?", second + std::chrono::milliseconds(500)), 3);
  });
}

TEST_P(DataContract, decimals_are_sorted_and_compared_by_value) {
  struct Item {
    std::int64_t id = 0;
    Decimal price;
  };
  with_database([](Database& database) {
    database.execute("create table items (id bigint primary key, price varchar(60) not null)");
    Repository<Item> items(database, "items");
    const char* prices[] = {"10", "9.5", "-3", "-20", "0.10", "0.1"};
    for (std::int64_t id = 1; const char* price : prices) items.insert({id++, Decimal(price)});
    std::vector<std::int64_t> ids;
    for (const Item& item : items.list({.sort = {ascending<&Item::price>}}).items) ids.push_back(item.id);
    EXPECT_EQ(ids, (std::vector<std::int64_t>{4, 3, 5, 6, 2, 1}));
    EXPECT_EQ(items.count({where<&Item::price> > Decimal("9.5")}), 1);
    EXPECT_EQ(items.count({where<&Item::price> == Decimal("0.100")}), 2);
  });
}

TEST_P(DataContract, scalars_tuples_and_optionals_are_rows_too) {
  with_pets([](Database& database) {
    Pets pets(database);
    pets.insert({.name = "Rex", .species = "dog", .age_months = 3});
    pets.insert({.name = "Tom", .species = "cat", .age_months = 5});
    EXPECT_EQ(database.query<std::string>("select name from pets order by name"),
              (std::vector<std::string>{"Rex", "Tom"}));
    const auto rows = database.query<std::tuple<std::string, int>>("select name, age_months from pets order by name");
    EXPECT_EQ(rows[1], std::make_tuple(std::string("Tom"), 5));
    EXPECT_EQ(database.query<std::optional<std::string>>("select owner from pets limit 1").at(0), std::nullopt);
    EXPECT_EQ(database.query_one<int>("select age_months from pets where name = ?", "Nobody"), std::nullopt);
  });
}

TEST_P(DataContract, query_one_refuses_a_second_row) {
  with_pets([](Database& database) {
    Pets pets(database);
    pets.insert({.name = "Rex", .species = "dog"});
    pets.insert({.name = "Tom", .species = "cat"});
    EXPECT_EQ(code_of([&] { database.query_one<std::string>("select name from pets"); }), Code::failed_precondition);
  });
}

TEST_P(DataContract, execute_tells_how_many_rows_it_changed) {
  with_pets([](Database& database) {
    Pets pets(database);
    for (const char* name : {"a", "b", "c"}) pets.insert({.name = name, .species = "cat"});
    EXPECT_EQ(database.execute("update pets set age_months = ? where name <> ?", 4, "b"), 2);
    EXPECT_EQ(database.execute("update pets set age_months = 5 where name = ?", "nobody"), 0);
    EXPECT_EQ(database.execute("delete from pets"), 3);
  });
}

TEST_P(DataContract, hostile_values_stay_values) {
  with_pets([](Database& database) {
    Pets pets(database);
    const std::string hostile[] = {
        "'; drop table pets; --", "\" or 1=1 --", "`x`", "\\'; delete from pets", "%_?$1:name", "a\nb\tc", "Robert');"};
    for (const std::string& text : hostile) {
      const Pet pet = pets.insert({.name = text, .species = text, .owner = text});
      EXPECT_EQ(pets.require(pet.id).name, text);
      EXPECT_EQ(database.query_one<int>("select count(*) from pets where name = ?", text), 1);
      EXPECT_EQ(pets.count({where<&Pet::species> == text}), 1);
      EXPECT_EQ(pets.count({where<&Pet::name>.starts_with(text)}), 1);
      EXPECT_EQ(pets.count({Filter<Pet>::parse("owner", "in", text)}), 1);
    }
    EXPECT_EQ(pets.count(), 7);
  });
}

TEST_P(DataContract, hostile_names_are_refused) {
  with_pets([](Database& database) {
    const auto table = [&](const char* name) { return code_of([&] { Repository<Pet> pets(database, name); }); };
    EXPECT_EQ(table("pets; drop table pets"), Code::invalid_argument);
    EXPECT_EQ(table("pets\" --"), Code::invalid_argument);
    EXPECT_EQ(table(""), Code::invalid_argument);
    EXPECT_EQ(table("1pets"), Code::invalid_argument);
    EXPECT_EQ(code_of([] { Filter<Pet>::parse("name\" = \"name", "eq", "x"); }), Code::invalid_argument);
    EXPECT_EQ(code_of([] { SortKey<Pet>::parse("name desc; drop table pets"); }), Code::invalid_argument);
    EXPECT_EQ(Pets(database).count(), 0);
  });
}

TEST_P(DataContract, names_that_are_words_of_sql_are_quoted) {
  struct Row {
    std::int64_t id = 0;
    std::string order;
    std::string group;
  };
  with_database([](Database& database) {
    database.transaction([](Transaction& transaction) {
      transaction.execute(
          "create table \"select\" (id integer primary key, \"order\" varchar(20), \"group\" varchar(20))");
    });
    Repository<Row> rows(database, "select");
    const Row row = rows.insert({.order = "x", .group = "y"});
    EXPECT_EQ(rows.list({.where = {where<&Row::order> == "x"}, .sort = {descending<&Row::group>}}).items.at(0).id,
              row.id);
  });
}

TEST_P(DataContract, a_column_that_does_not_fit_its_field_is_named) {
  with_pets([](Database& database) {
    Pets(database).insert({.name = "Rex", .species = "dog", .age_months = 300});
    struct Short {
      std::string name;
      std::int8_t age_months = 0;
    };
    struct Other {
      std::string name;
      std::string colour;
    };
    struct Nulls {
      std::string owner;
    };
    std::string message;
    EXPECT_EQ(code_of([&] { database.query<Short>("select name, age_months from pets"); }, &message), Code::internal);
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("age_months"), testing::HasSubstr("Short"),
                                        testing::HasSubstr("127")));
    EXPECT_EQ(code_of([&] { database.query<Other>("select name from pets"); }, &message), Code::internal);
    EXPECT_THAT(message, testing::HasSubstr("Other.colour"));
    EXPECT_EQ(code_of([&] { database.query<Nulls>("select owner, name from pets"); }, &message), Code::internal);
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("name"), testing::HasSubstr("Nulls")));
    EXPECT_EQ(code_of([&] { database.query<Nulls>("select owner from pets"); }, &message), Code::internal);
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("owner"), testing::HasSubstr("null")));
    EXPECT_EQ(code_of([&] { database.query<int>("select name from pets"); }, &message), Code::internal);
    EXPECT_EQ(code_of([&] { database.query<int>("select 1, 2"); }, &message), Code::internal);
  });
}

TEST_P(DataContract, a_wrong_statement_is_named_in_logs_without_the_bound_values) {
  with_pets([](Database& database) {
    try {
      database.query<int>("select no_such_column from pets where name = ?", "secret");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::internal);
      EXPECT_THAT(error.message(), testing::Not(testing::HasSubstr("from pets")));
      EXPECT_THAT(describe(std::current_exception()),
                  testing::AllOf(testing::HasSubstr("select no_such_column from pets where name = ?"),
                                 testing::Not(testing::HasSubstr("secret"))));
    }
    EXPECT_EQ(Pets(database).count(), 0);  // the connection goes on
  });
}

TEST_P(DataContract, broken_constraints_have_a_code_each_and_name_the_column) {
  with_pets([](Database& database) {
    Pets pets(database);
    const Pet rex = pets.insert({.name = "Rex", .species = "dog"});
    std::string message;
    EXPECT_EQ(code_of([&] { pets.insert(rex); }, &message), Code::already_exists);
    EXPECT_THAT(message, testing::HasSubstr("id"));
    EXPECT_EQ(code_of([&] { database.execute("insert into pets (id) values (?)", "x"); }, &message),
              Code::invalid_argument);
    EXPECT_THAT(message, testing::HasSubstr("null"));
    EXPECT_EQ(code_of([&] { pets.insert({.name = "Tom", .species = "cat", .age_months = -1}); }),
              Code::invalid_argument);
    database.execute("create table toys (id integer primary key, pet varchar(36) not null references pets(id))");
    EXPECT_EQ(code_of([&] { database.execute("insert into toys values (1, ?)", "nobody"); }),
              Code::failed_precondition);
    database.execute("insert into toys values (1, ?)", rex.id);
    EXPECT_EQ(code_of([&] { pets.erase(rex.id); }), Code::failed_precondition);
  });
}

TEST_P(DataContract, more_rows_than_allowed_are_refused) {
  with_pets(
      [](Database& database) {
        Pets pets(database);
        for (int i = 0; i < 4; ++i) pets.insert({.name = std::to_string(i), .species = "cat"});
        std::string message;
        EXPECT_EQ(code_of([&] { database.query<std::string>("select name from pets"); }, &message),
                  Code::resource_exhausted);
        EXPECT_THAT(message, testing::HasSubstr("max_rows"));
        EXPECT_EQ(database.query<std::string>("select name from pets limit 3").size(), 3u);
      },
      {.size = 2, .max_rows = 3});
}

TEST_P(DataContract, a_hundred_fibers_share_the_pool_and_never_exceed_it) {
  with_pets([](Database& database) {
    using Task = decltype(runtime::spawn(std::function<void()>()));
    std::vector<Task> tasks;
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(runtime::spawn(std::function<void()>([&database, i] {
        Pets pets(database);
        const Pet pet = pets.insert({.name = std::to_string(i), .species = "cat"});
        EXPECT_EQ(pets.require(pet.id).name, std::to_string(i));
        EXPECT_LE(database.stats().in_use, 4);
      })));
    }
    for (Task& task : tasks) task.join();
    EXPECT_EQ(Pets(database).count(), 100);
    const PoolStats stats = database.stats();
    EXPECT_LE(stats.peak_in_use, 4);
    EXPECT_EQ(stats.in_use, 0);
    EXPECT_EQ(stats.waiting, 0);
    EXPECT_LE(stats.opened, 4u);
  });
}

TEST_P(DataContract, a_deadline_interrupts_a_long_statement) {
  with_database([](Database& database) {
    database.check();
    std::string message;
    const Code code = code_of(
        [&] {
          const runtime::DeadlineScope limit{std::chrono::milliseconds(50)};
          database.query<std::int64_t>(
              "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000000) select count(*) "
              "from n");
        },
        &message);
    EXPECT_EQ(code, Code::deadline_exceeded) << message;
    database.check();  // and the connection goes on
  });
}

TEST_P(DataContract, a_cancellation_interrupts_a_long_statement) {
  with_database([](Database& database) {
    Code code = Code::ok;
    auto task = runtime::spawn([&] {
      code = code_of([&] {
        database.query<std::int64_t>(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000000) select count(*) from "
            "n");
      });
    });
    while (database.stats().in_use == 0) runtime::yield();
    task.cancel();
    task.join();
    EXPECT_EQ(code, Code::cancelled);
    database.check();
  });
}

}  // namespace marty::data::contract
