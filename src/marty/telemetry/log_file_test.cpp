#include "marty/telemetry/log_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "marty/base/error.hpp"

namespace marty::telemetry {
namespace {

namespace fs = std::filesystem;

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::string pattern = (fs::temp_directory_path() / "marty-log-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "app.log";
  }
  ~LogFileTest() override { fs::remove_all(folder_); }

  static std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static void write(LogFile& file, std::string_view line) {
    ASSERT_EQ(::write(file.descriptor(line.size()), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  std::string failure(const fs::path& path) const {
    try {
      LogFile file({.path = path});
    } catch (const Error& error) {
      return error.message();
    }
    return "none";
  }
  std::string numbered(int number) const { return text_of(path_.string() + "." + std::to_string(number)); }

  fs::path folder_;
  fs::path path_;
};

TEST_F(LogFileTest, goes_on_where_the_file_ends) {
  std::ofstream(path_) << "before\n";
  LogFile file({.path = path_});
  write(file, "after\n");
  EXPECT_EQ(text_of(path_), "before\nafter\n");
  EXPECT_EQ(file.cut_bytes(), 0u);
}

TEST_F(LogFileTest, takes_off_a_last_line_that_was_cut) {
  std::ofstream(path_) << "whole\n" << std::string(10'000, 'x');
  LogFile file({.path = path_});
  write(file, "after\n");
  EXPECT_EQ(text_of(path_), "whole\nafter\n");
  EXPECT_EQ(file.cut_bytes(), 10'000u);
}

TEST_F(LogFileTest, renames_a_file_that_would_grow_too_large_and_keeps_so_many) {
  LogFile file({.path = path_, .max_bytes = 10, .max_files = 2});
  for (const char* line :
       {"one\n", "two\n", "three\n", "four\n", "five\n", "six\n", "longer than a file may be\n", "end\n"})
    write(file, line);
  EXPECT_EQ(text_of(path_), "end\n");
  EXPECT_EQ(numbered(1), "longer than a file may be\n");
  EXPECT_EQ(numbered(2), "six\n");
  EXPECT_FALSE(fs::exists(path_.string() + ".3"));
}

TEST_F(LogFileTest, keeps_no_older_files_where_none_are_wanted) {
  LogFile file({.path = path_, .max_bytes = 10, .max_files = 0});
  for (const char* line : {"one\n", "two\n", "three\n"}) write(file, line);
  EXPECT_EQ(text_of(path_), "three\n");
  EXPECT_FALSE(fs::exists(path_.string() + ".1"));
}

TEST_F(LogFileTest, begins_a_new_file_within_a_second_of_the_old_ones_being_moved) {
  LogFile file({.path = path_});
  write(file, "old\n");
  fs::rename(path_, folder_ / "moved");
  while (!fs::exists(path_)) write(file, "late\n");
  EXPECT_EQ(text_of(path_), "late\n");
  EXPECT_TRUE(text_of(folder_ / "moved").starts_with("old\n"));
}

TEST_F(LogFileTest, says_what_is_wrong_with_a_path_and_what_to_do) {
  EXPECT_THAT(failure(folder_ / "none" / "app.log"),
              testing::AllOf(testing::HasSubstr("none/app.log: No such file or directory: make its folder"),
                             testing::HasSubstr("logging.file.path")));
  EXPECT_THAT(failure("/dev/null"), testing::HasSubstr("it is no file; correct logging.file.path"));
  EXPECT_THAT(failure(folder_), testing::HasSubstr("correct logging.file.path"));
}

TEST_F(LogFileTest, refuses_a_file_that_is_written_already) {
  const LogFile first({.path = path_});
  EXPECT_THAT(failure(path_), testing::HasSubstr("another process writes it"));
}

}  // namespace
}  // namespace marty::telemetry
