#include "marty/web/dependencies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "marty/base/error.hpp"

namespace marty::web {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

using Journal = std::vector<std::string>;

struct Database {
  explicit Database(Journal& to) : journal(to) { journal.push_back("open database"); }
  ~Database() { journal.push_back("close database"); }
  Database(const Database&) = delete;
  Journal& journal;
};
struct Pets {
  explicit Pets(Database& of) : database(of) { database.journal.push_back("open pets"); }
  ~Pets() { database.journal.push_back("close pets"); }
  Database& database;
};
struct Orders {
  Pets& pets;
};
struct Gateway {
  virtual ~Gateway() = default;
  virtual int charge() = 0;
};
struct FakeGateway final : Gateway {
  int charge() override { return 7; }
};
struct Left {
  int value = 0;
};
struct Right {
  int value = 0;
};

std::string start_error(Dependencies& dependencies) {
  try {
    dependencies.start();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(DependenciesTest, builds_a_graph_of_three_levels_in_order_and_destroys_it_in_reverse) {
  Journal journal;
  {
    Dependencies dependencies;
    dependencies.provide([](Pets& pets) { return Orders{pets}; });
    dependencies.provide([](Database& database) { return Pets(database); });
    dependencies.provide([&] { return Database(journal); });
    dependencies.start();
    EXPECT_EQ(&dependencies.get<Orders>().pets, &dependencies.get<Pets>());
    EXPECT_EQ(&dependencies.get<Pets>().database, &dependencies.get<Database>());
    EXPECT_THAT(dependencies.order(), ElementsAre(EndsWith("Database"), EndsWith("Pets"), EndsWith("Orders")));
  }
  EXPECT_THAT(journal, ElementsAre("open database", "open pets", "close pets", "close database"));
}

TEST(DependenciesTest, starts_again_after_a_stop) {
  Journal journal;
  Dependencies dependencies;
  dependencies.provide([&] { return Database(journal); });
  for (int i = 0; i < 3; ++i) {
    dependencies.start();
    dependencies.stop();
  }
  EXPECT_EQ(journal.size(), 6U);
}

TEST(DependenciesTest, provides_an_interface_by_a_unique_pointer_and_a_part_by_a_reference) {
  Dependencies dependencies;
  dependencies.provide([]() -> std::unique_ptr<Gateway> { return std::make_unique<FakeGateway>(); });
  dependencies.provide([]() { return std::pair<Left, int>({4}, 0); });
  dependencies.provide([](std::pair<Left, int>& pair) -> Left& { return pair.first; });
  dependencies.start();
  EXPECT_EQ(dependencies.get<Gateway>().charge(), 7);
  EXPECT_EQ(dependencies.get<Left>().value, 4);
}

TEST(DependenciesTest, names_every_missing_dependency_and_who_needs_it) {
  Dependencies dependencies;
  dependencies.provide([](Database& database) { return Pets(database); });
  dependencies.require(type_info<Orders>(), "GET /orders");
  const std::string message = start_error(dependencies);
  EXPECT_THAT(message, HasSubstr("Pets needs "));
  EXPECT_THAT(message, HasSubstr("Database, which nobody provides: add provide(...)"));
  EXPECT_THAT(message, HasSubstr("GET /orders needs "));
  EXPECT_FALSE(dependencies.started());
}

TEST(DependenciesTest, names_the_chain_of_a_cycle) {
  Dependencies dependencies;
  dependencies.provide([](Right& right) { return Left{right.value}; });
  dependencies.provide([](Left& left) { return Right{left.value}; });
  const std::string message = start_error(dependencies);
  EXPECT_THAT(message, HasSubstr("a cycle: "));
  EXPECT_THAT(message, ::testing::MatchesRegex(".*Left needs .*Right needs .*Left.*"));
}

TEST(DependenciesTest, refuses_a_service_wide_object_that_needs_a_per_request_one) {
  Dependencies dependencies;
  dependencies.per_request([] { return Left{}; });
  dependencies.provide([](Left& left) { return Right{left.value}; });
  EXPECT_THAT(start_error(dependencies), HasSubstr("Right lives as long as the service, but needs "));
}

TEST(DependenciesTest, refuses_a_second_factory_of_a_type) {
  Dependencies dependencies;
  dependencies.provide([] { return Left{}; });
  EXPECT_THROW(dependencies.provide([] { return Left{}; }), Error);
}

TEST(DependenciesTest, a_replacement_takes_the_place_of_a_factory) {
  Dependencies dependencies;
  dependencies.provide([] { return Left{1}; });
  dependencies.provide([](const Left& left) { return Right{left.value}; });
  Left mine{5};
  dependencies.replace(mine);
  dependencies.start();
  EXPECT_EQ(dependencies.get<Right>().value, 5);
  EXPECT_THROW(dependencies.use(mine), Error);
}

TEST(DependenciesTest, a_failing_factory_names_its_type_and_destroys_what_was_built) {
  Journal journal;
  Dependencies dependencies;
  dependencies.provide([&] { return Database(journal); });
  dependencies.provide([](Database&) -> Left { throw std::runtime_error("no disk"); });
  EXPECT_THAT(start_error(dependencies), ::testing::MatchesRegex("cannot make .*Left: no disk"));
  EXPECT_THAT(journal, ElementsAre("open database", "close database"));
}

TEST(DependenciesTest, a_null_pointer_from_a_factory_is_an_error) {
  Dependencies dependencies;
  dependencies.provide([] { return std::unique_ptr<Gateway>(); });
  EXPECT_THAT(start_error(dependencies), HasSubstr("null pointer"));
}

// A per-request value that writes down what happens to it.
struct Transaction {
  Transaction(Journal& to, std::string called) : journal(to), name(std::move(called)) {
    journal.push_back("begin " + name);
  }
  Transaction(const Transaction&) = delete;
  ~Transaction() { journal.push_back("end " + name); }
  Journal& journal;
  std::string name;
};
struct Audit : Transaction {
  using Transaction::Transaction;
};

class RequestScopeTest : public ::testing::Test {
 protected:
  void provide(bool commit_fails) {
    dependencies.use(journal);
    dependencies.per_request([](Journal& log) { return Transaction(log, "transaction"); },
                             [commit_fails](Transaction& transaction) {
                               transaction.journal.push_back("commit");
                               if (commit_fails) throw std::runtime_error("conflict");
                             },
                             [](Transaction& transaction) noexcept { transaction.journal.push_back("roll back"); });
    dependencies.per_request([](Transaction& transaction, const int& number) {
      return Audit(transaction.journal, "audit " + std::to_string(number));
    });
    dependencies.ambient<int>(0);
    dependencies.require(type_info<Audit>(), "the test");
    dependencies.start();
  }
  Journal journal;
  Dependencies dependencies;
  int answer = 42;
  void* ambient[1] = {&answer};
};

TEST_F(RequestScopeTest, makes_values_once_with_their_needs_and_commits_on_success) {
  provide(false);
  {
    RequestScope scope(dependencies, ambient);
    void* audit = scope.get(dependencies.source(type_info<Audit>()));
    EXPECT_EQ(scope.get(dependencies.source(type_info<Audit>())), audit);
    EXPECT_EQ(scope.get(dependencies.source(type_info<Journal>())), &journal);
    scope.succeed();
  }
  EXPECT_THAT(journal, ElementsAre("begin transaction", "begin audit 42", "commit", "end audit 42", "end transaction"));
}

TEST_F(RequestScopeTest, rolls_back_when_nobody_reports_success) {
  provide(false);
  {
    RequestScope scope(dependencies, ambient);
    scope.get(dependencies.source(type_info<Transaction>()));
  }
  EXPECT_THAT(journal, ElementsAre("begin transaction", "roll back", "end transaction"));
}

TEST_F(RequestScopeTest, rolls_back_when_the_commit_throws) {
  provide(true);
  {
    RequestScope scope(dependencies, ambient);
    scope.get(dependencies.source(type_info<Transaction>()));
    EXPECT_THROW(scope.succeed(), std::runtime_error);
  }
  EXPECT_THAT(journal, ElementsAre("begin transaction", "commit", "roll back", "end transaction"));
}

TEST_F(RequestScopeTest, an_unused_scope_makes_nothing) {
  provide(false);
  { RequestScope scope(dependencies, ambient); }
  EXPECT_TRUE(journal.empty());
}

struct alignas(64) Wide {
  char bytes[4096] = {};
};

TEST(RequestScopeLargeTest, holds_objects_too_large_for_the_scope_itself) {
  Dependencies dependencies;
  dependencies.per_request([] { return Wide(); });
  dependencies.start();
  RequestScope scope(dependencies, nullptr);
  void* wide = scope.get(dependencies.source(type_info<Wide>()));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide) % 64, 0U);
  scope.succeed();
}

}  // namespace
}  // namespace marty::web
