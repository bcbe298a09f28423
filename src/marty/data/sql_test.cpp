#include "marty/data/sql.hpp"

#include <gtest/gtest.h>

namespace marty::data {
namespace {

using internal::scan_sql;

// What compiles is checked here; what must not is in the scan's facts, which the consteval constructor refuses.
TEST(Sql, knows_operation_table_and_whether_it_only_reads) {
  constexpr Sql<1> select("select * from pets where species = ?");
  static_assert(select.statement().operation == "select" && select.statement().table == "pets" &&
                select.statement().reads);
  constexpr Sql<2> insert("insert into \"order\" (a, b) values (?, ?)");
  static_assert(insert.statement().operation == "insert" && insert.statement().table == "order" &&
                !insert.statement().reads);
  constexpr Sql<0> update("  -- note\n UPDATE pets set a = 1");
  static_assert(update.statement().operation == "UPDATE" && update.statement().table == "pets" &&
                !update.statement().reads);
  constexpr Sql<0> with("with x as (select 1) delete from pets");
  static_assert(!with.statement().reads);
}

TEST(Sql, counts_placeholders_outside_of_quotations_and_comments) {
  EXPECT_EQ(scan_sql("select '?', \"?\", `?`, ? -- ?\n /* ? */ , ?").placeholders, 2u);
  EXPECT_EQ(scan_sql("select 'it''s ?'").placeholders, 0u);
}

TEST(Sql, sees_what_is_not_closed) {
  EXPECT_FALSE(scan_sql("select 'a").closed);
  EXPECT_FALSE(scan_sql("select \"a").closed);
  EXPECT_FALSE(scan_sql("select /* a").closed);
  EXPECT_TRUE(scan_sql("select 'a''' -- '").closed);
}

TEST(Sql, sees_a_second_statement) {
  EXPECT_FALSE(scan_sql("select 1; drop table pets").single);
  EXPECT_TRUE(scan_sql("select ';' ; -- the end").single);
}

TEST(Sql, takes_no_string_that_is_made_at_run_time) {
  static_assert(!std::is_constructible_v<Sql<0>, std::string_view>);
  static_assert(std::is_constructible_v<Sql<0>, const char*>);  // which consteval narrows to constants
}

}  // namespace
}  // namespace marty::data
