// The contract of repositories and their pages.
#pragma once

#include <set>

#include "marty/data/internal/contract_suite.hpp"

namespace marty::data::contract {

TEST_P(DataContract, insert_fills_id_and_version) {
  with_pets([](Database& database) {
    Pets pets(database);
    const Pet rex = pets.insert({.name = "Rex", .species = "dog"});
    EXPECT_NE(rex.id, Uuid{});
    EXPECT_EQ(rex.version, 1);
    EXPECT_EQ(pets.get(rex.id), rex);
    EXPECT_TRUE(pets.exists(rex.id));
    EXPECT_FALSE(pets.exists(Uuid{}));
    EXPECT_EQ(pets.get(Uuid{}), std::nullopt);
    std::string message;
    EXPECT_EQ(code_of([&] { pets.require(Uuid{}); }, &message), Code::not_found);
    EXPECT_THAT(message, testing::HasSubstr("there is nothing with the id 00000000-"));
    EXPECT_THAT(message, testing::Not(testing::HasSubstr("pets"))) << "callers read it, and tables are none of theirs";
  });
}

TEST_P(DataContract, an_integer_id_of_zero_is_chosen_by_the_database) {
  struct Row {
    std::int64_t id = 0;
    std::string name;
  };
  with_database([](Database& database) {
    database.execute("create table things (id integer primary key, name varchar(20) not null)");
    Repository<Row> rows(database, "things");
    EXPECT_EQ(rows.insert({.name = "a"}).id, 1);
    EXPECT_EQ(rows.insert({.name = "b"}).id, 2);
    EXPECT_EQ(rows.insert({.id = 10, .name = "c"}).id, 10);
    EXPECT_EQ(rows.require(10).name, "c");
  });
}

TEST_P(DataContract, the_second_of_two_updates_from_the_same_version_is_refused) {
  with_pets([](Database& database) {
    Pets pets(database);
    Pet mine = pets.insert({.name = "Rex", .species = "dog"});
    Pet yours = mine;
    mine.age_months = 1;
    yours.age_months = 2;
    mine = pets.update(mine);
    EXPECT_EQ(mine.version, 2);
    std::string message;
    EXPECT_EQ(code_of([&] { pets.update(yours); }, &message), Code::aborted);
    EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("version 2"), testing::HasSubstr("not 1"),
                                        testing::Not(testing::HasSubstr("pets"))));
    EXPECT_EQ(pets.require(mine.id), mine);
    yours.id = runtime::new_uuid();
    EXPECT_EQ(code_of([&] { pets.update(yours); }), Code::not_found);
  });
}

TEST_P(DataContract, erase_removes_the_row_in_the_version_given) {
  with_pets([](Database& database) {
    Pets pets(database);
    const Pet rex = pets.insert({.name = "Rex", .species = "dog"});
    EXPECT_EQ(code_of([&] { pets.erase(rex.id, 9); }), Code::aborted);
    pets.erase(rex.id, 1);
    EXPECT_FALSE(pets.exists(rex.id));
    EXPECT_EQ(code_of([&] { pets.erase(rex.id); }), Code::not_found);
  });
}

inline void insert_zoo(Pets& pets) {
  pets.insert({.name = "Rex", .species = "dog", .age_months = 3, .owner = "Kim"});
  pets.insert({.name = "Tom", .species = "cat", .age_months = 5});
  pets.insert({.name = "Tim", .species = "cat", .age_months = 7, .owner = "Ann"});
  pets.insert({.name = "ted", .species = "bear", .age_months = 9});
}

TEST_P(DataContract, conditions_select_rows) {
  with_pets([](Database& database) {
    Pets pets(database);
    insert_zoo(pets);
    EXPECT_EQ(pets.count({where<&Pet::species> == "cat"}), 2);
    EXPECT_EQ(pets.count({where<&Pet::species> != "cat"}), 2);
    EXPECT_EQ(pets.count({where<&Pet::age_months> < 5}), 1);
    EXPECT_EQ(pets.count({where<&Pet::age_months> <= 5}), 2);
    EXPECT_EQ(pets.count({where<&Pet::age_months> > 5}), 2);
    EXPECT_EQ(pets.count({where<&Pet::age_months> >= 5}), 3);
    EXPECT_EQ(pets.count({where<&Pet::name>.starts_with("T")}), 2);
    EXPECT_EQ(pets.count({where<&Pet::name>.starts_with("")}), 4);
    EXPECT_EQ(pets.count({where<&Pet::name>.in({"Rex", "ted", "nobody"})}), 2);
    EXPECT_EQ(pets.count({where<&Pet::name>.in(std::vector<std::string>{})}), 0);
    EXPECT_EQ(pets.count({where<&Pet::owner> == std::nullopt}), 2);
    EXPECT_EQ(pets.count({where<&Pet::owner> != std::nullopt}), 2);
    EXPECT_EQ(pets.count({where<&Pet::owner> == "Kim"}), 1);
    EXPECT_EQ(pets.count({where<&Pet::species> == "cat", where<&Pet::age_months> > 5}), 1);
    EXPECT_EQ(pets.count({where<&Pet::species> == std::optional<std::string>()}), 4);
    EXPECT_EQ(pets.count({where<&Pet::species> == std::optional<std::string>("dog")}), 1);
    EXPECT_EQ(pets.count({where<&Pet::age_months> < std::int64_t{1} << 40}), 4);
  });
}

TEST_P(DataContract, conditions_from_texts_select_the_same_rows) {
  with_pets([](Database& database) {
    Pets pets(database);
    insert_zoo(pets);
    const auto count = [&](const char* field, const char* operation, const char* value) {
      return pets.count({Filter<Pet>::parse(field, operation, value)});
    };
    EXPECT_EQ(count("species", "eq", "cat"), 2);
    EXPECT_EQ(count("age_months", "lt", "5"), 1);
    EXPECT_EQ(count("age_months", ">=", "5"), 3);
    EXPECT_EQ(count("name", "starts_with", "T"), 2);
    EXPECT_EQ(count("name", "in", "Rex,ted"), 2);
    EXPECT_EQ(count("owner", "is_null", ""), 2);
    EXPECT_EQ(count("owner", "is_null", "false"), 2);
    std::string message;
    EXPECT_EQ(code_of([&] { count("speces", "eq", "cat"); }, &message), Code::invalid_argument);
    EXPECT_THAT(message, testing::HasSubstr("'species'"));
    EXPECT_EQ(code_of([&] { count("age_months", "lt", "five"); }), Code::invalid_argument);
    EXPECT_EQ(code_of([&] { count("age_months", "like", "5"); }), Code::invalid_argument);
    EXPECT_EQ(code_of([&] { count("age_months", "starts_with", "5"); }), Code::invalid_argument);
  });
}

// All pages of a list, one after the other.
inline std::vector<Pet> walk(
    Pets& pets, List<Pet> request, const std::function<void()>& between = [] {}) {
  std::vector<Pet> all;
  for (;;) {
    Page<Pet> page = pets.list(request);
    EXPECT_LE(page.items.size(), static_cast<std::size_t>(request.limit));
    all.insert(all.end(), page.items.begin(), page.items.end());
    if (!page.next_cursor) return all;
    request.cursor = page.next_cursor;
    between();
  }
}

TEST_P(DataContract, pages_of_a_thousand_rows_with_ties_meet_every_row_once_while_others_insert) {
  with_pets([](Database& database) {
    Pets pets(database);
    std::set<Uuid> ids;
    database.transaction([&](Transaction& transaction) {
      Pets inserting(transaction);
      for (int i = 0; i < 1000; ++i) {
        const std::optional<std::string> owner = i % 3 == 0 ? std::nullopt : std::optional(std::to_string(i % 7));
        ids.insert(
            inserting.insert({.name = std::to_string(i), .species = "cat", .age_months = i % 5, .owner = owner}).id);
      }
    });
    int extra = 0;
    const auto insert_another = [&] {
      pets.insert({.name = "extra", .species = "cat", .age_months = extra % 5, .owner = std::nullopt});
      ++extra;
    };
    const std::vector<Pet> all =
        walk(pets, {.sort = {descending<&Pet::age_months>, ascending<&Pet::owner>}, .limit = 37}, insert_another);
    std::set<Uuid> met;
    for (const Pet& pet : all) EXPECT_TRUE(met.insert(pet.id).second) << "a row came twice";
    EXPECT_TRUE(std::includes(met.begin(), met.end(), ids.begin(), ids.end()));
    EXPECT_GT(extra, 20);
  });
}

TEST_P(DataContract, pages_come_in_the_order_asked_for_with_null_last) {
  with_pets([](Database& database) {
    Pets pets(database);
    insert_zoo(pets);
    const auto names = [&](std::vector<SortKey<Pet>> sort) {
      std::string text;
      for (const Pet& pet : walk(pets, {.sort = std::move(sort), .limit = 1})) text += pet.name + " ";
      return text;
    };
    EXPECT_EQ(names({ascending<&Pet::age_months>}), "Rex Tom Tim ted ");
    EXPECT_EQ(names({descending<&Pet::age_months>}), "ted Tim Tom Rex ");
    EXPECT_EQ(names({ascending<&Pet::species>, descending<&Pet::age_months>}), "ted Tim Tom Rex ");
    EXPECT_EQ(names({ascending<&Pet::owner>, ascending<&Pet::age_months>}), "Tim Rex Tom ted ");
    EXPECT_EQ(names({descending<&Pet::owner>, ascending<&Pet::age_months>}), "Rex Tim Tom ted ");
    EXPECT_EQ(names(SortKey<Pet>::parse("-species,name")), "Rex Tim Tom ted ");
  });
}

TEST_P(DataContract, a_page_that_is_full_to_the_last_row_has_no_next_one) {
  with_pets([](Database& database) {
    Pets pets(database);
    insert_zoo(pets);
    EXPECT_EQ(pets.list({.limit = 4}).next_cursor, std::nullopt);
    EXPECT_NE(pets.list({.limit = 3}).next_cursor, std::nullopt);
    EXPECT_TRUE(pets.list({.where = {where<&Pet::name> == "nobody"}}).items.empty());
  });
}

TEST_P(DataContract, limits_and_foreign_cursors_are_refused) {
  with_pets([](Database& database) {
    Pets pets(database);
    insert_zoo(pets);
    EXPECT_EQ(code_of([&] { pets.list({.limit = 0}); }), Code::invalid_argument);
    EXPECT_EQ(code_of([&] { pets.list({.limit = 1001}); }), Code::invalid_argument);
    const std::string cursor = *pets.list({.limit = 1}).next_cursor;
    EXPECT_EQ(pets.list({.limit = 2, .cursor = cursor}).items.size(), 2u);  // another limit is fine
    const auto refused = [&](List<Pet> request) { return code_of([&] { pets.list(request); }); };
    EXPECT_EQ(refused({.where = {where<&Pet::species> == "cat"}, .cursor = cursor}), Code::invalid_argument);
    EXPECT_EQ(refused({.sort = {ascending<&Pet::name>}, .cursor = cursor}), Code::invalid_argument);
    EXPECT_EQ(refused({.cursor = ""}), Code::invalid_argument);
    EXPECT_EQ(refused({.cursor = "x"}), Code::invalid_argument);
    for (std::size_t i = 0; i < cursor.size(); ++i) {
      std::string changed = cursor;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_EQ(refused({.cursor = changed}), Code::invalid_argument) << i;
    }
  });
}

TEST_P(DataContract, a_list_that_could_not_be_continued_says_so_at_once) {
  with_pets([](Database& database) {
    Pets pets(database);
    for (const char* name : {"a", "b", "c"}) pets.insert({.name = std::string(8000, 'x') + name, .species = "cat"});
    EXPECT_EQ(pets.list({.sort = {ascending<&Pet::name>}, .limit = 3}).items.size(), 3u);
    EXPECT_TRUE(pets.list({.sort = {ascending<&Pet::species>}, .limit = 2}).next_cursor);
    std::string message;
    EXPECT_EQ(code_of([&] { pets.list({.sort = {ascending<&Pet::name>}, .limit = 2}); }, &message),
              Code::invalid_argument);
    EXPECT_THAT(message, testing::HasSubstr("query.sort"));
  });
}

}  // namespace marty::data::contract
