// The shipped schema and index template say what the program writes, and lines are checked against the former.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "marty/telemetry/internal/log_names.hpp"
#include "marty/telemetry/log.hpp"
#include "support/log_check.hpp"

namespace marty::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> names_of(const json::Value& object) {
  std::vector<std::string> names;
  for (const json::Value::Member& member : object.as_object()) names.push_back(member.name);
  return names;
}

std::string line_with(const std::string& members) {
  return R"({"timestamp":"2026-11-25T09:05:00.000125Z","level":"info","logger":"root","message":"m","file":"f.cpp",)"
         R"("line":1,"thread":"loop-0")" +
         members + "}\n";
}

TEST(LogSchema, names_what_the_program_writes) {
  EXPECT_THAT(names_of(log_schema()["properties"]), ::testing::ElementsAreArray(telemetry::internal::kLogNames));
}

TEST(LogSchema, the_index_template_maps_the_same_names) {
  std::ostringstream text;
  text << std::ifstream(MARTY_INDEX_TEMPLATE).rdbuf();
  const json::Value index = json::Value::parse(text.str());
  const json::Value& mapped = index.at("/template/mappings/properties");
  std::vector<std::string> names(telemetry::internal::kLogNames.begin(), telemetry::internal::kLogNames.end());
  names.emplace_back("@timestamp");  // which a data stream wants
  EXPECT_THAT(names_of(mapped), UnorderedElementsAreArray(names));
  EXPECT_THAT(names_of(mapped.at("/exception/properties")),
              UnorderedElementsAreArray(names_of(log_schema().at("/properties/exception/properties"))));
  EXPECT_EQ(index.at("/index_patterns/0"), json::Value("logs-marty-*"));
}

TEST(LogSchema, takes_own_fields_that_are_scalars) {
  EXPECT_THAT(problems_of_line(line_with(R"(,"text":"t","number":1.5,"flag":true)")), IsEmpty());
}

TEST(LogSchema, refuses_what_is_no_log_line) {
  EXPECT_THAT(problems_of_line("{}\n"), ::testing::SizeIs(7));
  EXPECT_THAT(problems_of_line("no JSON\n"), ::testing::SizeIs(1));
  EXPECT_THAT(problems_of_line(line_with("") + line_with("")), ElementsAre("is not one line"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"list":[1])")), ElementsAre("/list is an array"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"user_id":7)")), ElementsAre("/user_id is an integer"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"suppressed":0)")), ElementsAre("/suppressed is too small"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736")")),
              ElementsAre("/span_id is missing"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"trace_id":"4BF9","span_id":"00f067aa0ba902b7")")),
              ElementsAre("/trace_id has another form"));
  EXPECT_THAT(
      problems_of_line(line_with(R"(,"trace_id":"4bf92f3577b34da6a3ce929d0e0e47360","span_id":"00f067aa0ba902b7")")),
      ElementsAre("/trace_id has another form"));
  EXPECT_THAT(problems_of_line(line_with(R"(,"exception":{"type":"int","message":"","code":1})")),
              ElementsAre("/exception/code should not be there"));
}

TEST(LogSchema, every_line_of_a_test_program_is_checked) {
  log::info("good");
  EXPECT_THAT(problems_of_new_lines(), IsEmpty());
  Logger("").info("without a logger's name");
  const std::vector<std::string> problems = problems_of_new_lines();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], ::testing::StartsWith("/logger is too short or too long: {\"timestamp\""));
}

}  // namespace
}  // namespace marty::testing
