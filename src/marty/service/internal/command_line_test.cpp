#include "marty/service/internal/command_line.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace marty::service {
namespace {

using Command = CommandLine::Command;

CommandLineResult parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "petstore");
  return parse_command_line("petstore", "1.2.3", static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, runs_by_default) {
  ASSERT_TRUE(parse({}).command_line);
  EXPECT_EQ(parse({}).command_line->command, Command::run);
  EXPECT_EQ(parse({"run"}).command_line->command, Command::run);
}

TEST(CommandLine, runs_without_any_arguments) {
  const CommandLineResult result = parse_command_line("petstore", "1.2.3", 0, nullptr);
  ASSERT_TRUE(result.command_line);
  EXPECT_EQ(result.command_line->command, Command::run);
}

TEST(CommandLine, takes_directory_and_environment_before_or_after_the_command) {
  EXPECT_EQ(parse({"--directory", "/srv", "run"}).command_line->directory, "/srv");
  EXPECT_EQ(parse({"run", "--environment", "staging"}).command_line->environment, "staging");
}

TEST(CommandLine, migrates_up_down_and_tells_the_status) {
  EXPECT_EQ(parse({"migrate", "up"}).command_line->command, Command::migrate_up);
  EXPECT_EQ(parse({"migrate", "status"}).command_line->command, Command::migrate_status);
  const auto down = parse({"migrate", "down", "--to", "3", "--dry-run"}).command_line;
  ASSERT_TRUE(down);
  EXPECT_EQ(down->command, Command::migrate_down);
  EXPECT_EQ(down->to, 3);
  EXPECT_TRUE(down->dry_run);
}

TEST(CommandLine, writes_dashboards_and_rules) {
  const auto rules = parse({"observability", "rules", "--output", "ops", "--environment", "staging"}).command_line;
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->command, Command::observability_rules);
  EXPECT_EQ(rules->folder, "ops");
  EXPECT_EQ(rules->environment, "staging");
  EXPECT_EQ(parse({"observability", "dashboards"}).command_line->folder, "observability");
  EXPECT_EQ(parse({"observability"}).exit_code, 2);
}

TEST(CommandLine, refuses_what_it_does_not_know_with_exit_code2) {
  for (const auto& wrong :
       std::vector<std::vector<const char*>>{{"serve"}, {"--port", "1"}, {"migrate"}, {"migrate", "down"}}) {
    const CommandLineResult result = parse(wrong);
    EXPECT_FALSE(result.command_line);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_FALSE(result.message.empty());
  }
}

TEST(CommandLine, prints_version_and_help_with_exit_code0) {
  EXPECT_EQ(parse({"--version"}).message, "petstore 1.2.3\n");
  EXPECT_EQ(parse({"--version"}).exit_code, 0);
  EXPECT_NE(parse({"--help"}).message.find("migrate"), std::string::npos);
}

}  // namespace
}  // namespace marty::service
