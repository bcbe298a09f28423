#include "marty/runtime/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;

class FileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("marty-file-test-" + std::to_string(getpid()));
  const std::filesystem::path path_ = folder_ / "note.txt";
};

TEST_F(FileTest, is_read_as_it_was_written) {
  in_world([&] {
    const std::string content = std::string(200'000, 'a') + '\0' + "end";
    write_file(path_, content);
    EXPECT_EQ(read_file(path_), content);
    EXPECT_EQ(read_file(path_, SIZE_MAX), content);
    EXPECT_EQ(read_file(path_, content.size()), content);
    const FileInfo info = file_info(path_);
    EXPECT_EQ(info.size_bytes, content.size());
    EXPECT_TRUE(info.is_regular);
    EXPECT_FALSE(info.is_directory);
    EXPECT_LE(info.modified, wall_now());
  });
}

TEST_F(FileTest, writing_replaces_the_old_content_and_leaves_no_temporary_file) {
  write_file(path_, "a longer first version");  // on a plain thread: inline
  write_file(path_, "second");
  EXPECT_EQ(read_file(path_), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, a_secret_is_for_its_owner_only) {
  write_file(path_, "public");
  write_file(path_, "secret", 0600);
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(FileTest, writing_into_a_folder_that_is_not_there_names_the_path) {
  EXPECT_EQ(code_thrown_by([&] { write_file(folder_ / "none" / "note.txt", "x"); }), Code::not_found);
  EXPECT_THAT(internal::message_thrown_by([&] { read_file(folder_ / "absent.txt"); }),
              testing::HasSubstr("absent.txt: No such file"));
}

TEST_F(FileTest, refuses_to_read_more_than_allowed) {
  write_file(path_, "12345");
  EXPECT_EQ(read_file(path_, 5), "12345");
  EXPECT_EQ(code_thrown_by([&] { read_file(path_, 4); }), Code::out_of_range);
}

TEST_F(FileTest, reads_at_positions) {
  in_world([&] {
    write_file(path_, "0123456789");
    const File file = File::open(path_);
    char buffer[4];
    EXPECT_EQ(file.read_at(3, buffer), 4u);
    EXPECT_EQ(std::string_view(buffer, 4), "3456");
    EXPECT_EQ(file.read_at(8, buffer), 2u);
    EXPECT_EQ(file.read_at(10, buffer), 0u);
    EXPECT_EQ(file.info().size_bytes, 10u);
  });
}

TEST_F(FileTest, an_open_file_knows_its_place_and_its_mode) {
  write_file(path_, "x", 0640);
  std::filesystem::create_symlink(path_, folder_ / "link");
  const File file = File::open(folder_ / "link");
  EXPECT_EQ(file.real_path(), std::filesystem::canonical(path_));
  EXPECT_EQ(file.info().mode, 0640U);
}

TEST_F(FileTest, lists_a_folder) {
  write_file(folder_ / "b", "");
  write_file(folder_ / "a", "");
  EXPECT_EQ(list_directory(folder_), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(code_thrown_by([&] { list_directory(folder_ / "none"); }), Code::not_found);
}

TEST_F(FileTest, folders_are_no_files) {
  EXPECT_TRUE(file_info(folder_).is_directory);
  EXPECT_EQ(code_thrown_by([&] { read_file(folder_); }), Code::unavailable);
}

}  // namespace
}  // namespace marty::runtime
