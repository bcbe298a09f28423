#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/data/internal/migration_file.hpp"
#include "marty/data/internal/sha256.hpp"
#include "marty/data/migrations.hpp"

namespace marty::data {
namespace {

class MigrationFiles : public testing::Test {
 protected:
  MigrationFiles() { std::filesystem::create_directory(directory_); }
  ~MigrationFiles() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& file, const std::string& text = "select 1;") {
    std::ofstream(directory_ + "/" + file) << text;
  }
  std::vector<Migration> read() { return migration_files(directory_); }
  std::string refusal(Code code = Code::invalid_argument) {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.message();
    }
    return "not refused";
  }

  const std::string directory_ = testing::TempDir() + "marty_migrations_" + std::to_string(getpid());
};

TEST_F(MigrationFiles, are_read_in_order_with_both_directions) {
  write("0002_add_name.up.sql", "alter");
  write("0001_create_pets.up.sql", "create");
  write("0001_create_pets.down.sql", "drop");
  write("README.md", "not a migration");
  const std::vector<Migration> migrations = read();
  ASSERT_EQ(migrations.size(), 2u);
  EXPECT_EQ(migrations[0].version, 1);
  EXPECT_EQ(migrations[0].name, "create_pets");
  EXPECT_EQ(migrations[0].up, "create");
  EXPECT_EQ(migrations[0].down, "drop");
  EXPECT_EQ(migrations[1].up, "alter");
  EXPECT_EQ(migrations[1].down, "");
}

TEST_F(MigrationFiles, with_a_gap_are_refused) {
  write("0001_a.up.sql");
  write("0003_c.up.sql");
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("0003_c.up.sql"), testing::HasSubstr("2 is missing")));
}

TEST_F(MigrationFiles, with_one_number_twice_are_refused) {
  write("0001_a.up.sql");
  write("0001_b.up.sql");
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("0001_a.up.sql"), testing::HasSubstr("0001_b.up.sql")));
}

TEST_F(MigrationFiles, of_two_names_with_one_number_are_refused) {
  write("0001_a.up.sql");
  write("0001_b.down.sql");
  EXPECT_THAT(refusal(), testing::HasSubstr("given twice"));
}

TEST_F(MigrationFiles, without_an_up_are_refused) {
  write("0001_a.down.sql");
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("0001_a.down.sql"), testing::HasSubstr("up")));
}

TEST_F(MigrationFiles, with_another_name_are_refused) {
  write("create_pets.sql");
  EXPECT_THAT(refusal(), testing::HasSubstr("create_pets.sql"));
}

TEST_F(MigrationFiles, of_a_directory_that_is_not_there_are_refused) {
  std::filesystem::remove_all(directory_);
  EXPECT_THAT(refusal(Code::not_found), testing::HasSubstr(directory_));
}

TEST(MigrationFileName, has_one_form) {
  using internal::parse_migration_file_name;
  EXPECT_EQ(parse_migration_file_name("0012_add-name_2.up.sql")->version, 12);
  EXPECT_EQ(parse_migration_file_name("0012_add-name_2.up.sql")->name, "add-name_2");
  EXPECT_FALSE(parse_migration_file_name("0012_a.down.sql")->up);
  for (const char* wrong : {"12_a.up.sql", "0000_a.up.sql", "0001_.up.sql", "0001a.up.sql", "0001_a b.up.sql",
                            "-001_a.up.sql", "0001_a.sql", "99999999999999999999_a.up.sql", ".up.sql", "0001.up.sql"}) {
    EXPECT_FALSE(parse_migration_file_name(wrong)) << wrong;
  }
}

TEST(Sha256, is_that_of_the_standard) {
  EXPECT_EQ(internal::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace marty::data
