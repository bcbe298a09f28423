#include "marty/runtime/file_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/file.hpp"
#include "marty/runtime/internal/test_world.hpp"

namespace marty::runtime {
namespace {

using namespace std::chrono_literals;
using internal::in_world;
namespace fs = std::filesystem;

class FileWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "marty-watch-XXXXXX").string();
    root = mkdtemp(pattern.data());
    fs::create_directory(root / "config");
  }
  void TearDown() override { fs::remove_all(root); }

  // Whether a change is told within `time` after `change` began.
  static bool tells(FileWatch& watch, const std::function<void()>& change, Duration time = 5s) {
    const DeadlineScope deadline(time);
    auto changing = spawn(change);
    try {
      watch.wait();
    } catch (const Error& error) {
      if (error.code() != Code::deadline_exceeded) throw;
      return false;
    }
    changing.join();
    return true;
  }
  void write(const fs::path& path, std::string_view text) const { std::ofstream(root / path) << text; }

  fs::path root;
};

TEST_F(FileWatchTest, tells_of_files_that_are_made_written_replaced_and_removed) {
  in_world([&] {
    FileWatch watch({root / "config"});
    EXPECT_TRUE(tells(watch, [&] { write("config/base.yaml", "a: 1"); }));
    EXPECT_TRUE(tells(watch, [&] { write("config/base.yaml", "a: 2"); }));
    EXPECT_TRUE(tells(watch, [&] { write_file(root / "config/base.yaml", "a: 3"); }));
    EXPECT_TRUE(tells(watch, [&] { fs::remove(root / "config/base.yaml"); }));
    EXPECT_FALSE(tells(
        watch, [] {}, 200ms));
  });
}

TEST_F(FileWatchTest, tells_of_changes_that_came_before_anybody_waited) {
  in_world([&] {
    FileWatch watch({root / "config"});
    write("config/base.yaml", "a: 1");
    EXPECT_TRUE(tells(watch, [] {}));
  });
}

TEST_F(FileWatchTest, waits_for_who_is_in_the_middle_of_writing) {
  in_world([&] {
    FileWatch watch({root / "config"});
    std::ofstream file(root / "config/base.yaml");
    bool written = false;
    EXPECT_TRUE(tells(watch, [&] {
      file << "a:" << std::flush;
      sleep_for(300ms);  // tidy:allow(sleep): longer than the quiet time
      file << " 1\n";
      file.close();
      written = true;
    }));
    EXPECT_TRUE(written);
  });
}

TEST_F(FileWatchTest, loses_patience_with_who_never_ends) {
  in_world([&] {
    FileWatch watch({root / "config"}, {.quiet = 20ms, .patience = 200ms});
    std::ofstream file(root / "config/base.yaml");
    EXPECT_TRUE(tells(watch, [&] { file << "a:" << std::flush; }));
  });
}

TEST_F(FileWatchTest, tells_many_changes_once) {
  in_world([&] {
    FileWatch watch({root / "config"});
    EXPECT_TRUE(tells(watch, [&] {
      for (int i = 0; i < 20; ++i) write("config/file" + std::to_string(i), "x");
    }));
    EXPECT_FALSE(tells(
        watch, [] {}, 200ms));
  });
}

TEST_F(FileWatchTest, tells_of_a_swap_as_kubernetes_does_it) {
  in_world([&] {
    fs::create_directory(root / "config/..one");
    fs::create_directory_symlink("..one", root / "config/..data");
    fs::create_symlink("..data/base.yaml", root / "config/base.yaml");
    FileWatch watch({root / "config"});
    EXPECT_TRUE(tells(watch, [&] {
      fs::create_directory(root / "config/..two");
      write("config/..two/base.yaml", "a: 2");
      fs::create_directory_symlink("..two", root / "config/..data_tmp");
      fs::rename(root / "config/..data_tmp", root / "config/..data");
      fs::remove_all(root / "config/..one");
    }));
    EXPECT_TRUE(tells(watch, [&] { write("config/other.yaml", "b: 1"); }));
  });
}

TEST_F(FileWatchTest, follows_the_folder_when_another_takes_its_place) {
  in_world([&] {
    fs::create_directory(root / "first");
    fs::create_directory(root / "second");
    fs::create_directory_symlink("first", root / "link");
    FileWatch watch({root / "link"});
    EXPECT_TRUE(tells(watch, [&] { write("first/base.yaml", "a: 1"); }));
    EXPECT_TRUE(tells(watch, [&] {
      fs::create_directory_symlink("second", root / "next");
      fs::rename(root / "next", root / "link");
    }));
    EXPECT_TRUE(tells(watch, [&] { write("second/base.yaml", "a: 2"); }));
  });
}

TEST_F(FileWatchTest, follows_a_file_that_is_a_link_to_elsewhere) {
  in_world([&] {
    fs::create_directory(root / "elsewhere");
    write("elsewhere/base.yaml", "a: 1");
    fs::create_symlink(root / "elsewhere/base.yaml", root / "config/base.yaml");
    FileWatch watch({root / "config"});
    EXPECT_TRUE(tells(watch, [&] { write("elsewhere/base.yaml", "a: 2"); }));
    EXPECT_TRUE(tells(watch, [&] { write_file(root / "elsewhere/base.yaml", "a: 3"); }));
    EXPECT_TRUE(tells(watch, [&] { fs::remove(root / "elsewhere/base.yaml"); }));
    EXPECT_TRUE(tells(watch, [&] { write("elsewhere/base.yaml", "a: 4"); }));
    EXPECT_FALSE(tells(
        watch, [&] { write("elsewhere/unrelated", "x"); }, 200ms));
  });
}

// As git-sync and Capistrano do it.
TEST_F(FileWatchTest, follows_a_folder_behind_two_links_when_a_release_is_swapped) {
  in_world([&] {
    for (const char* release : {"r1", "r2"}) fs::create_directories(root / release / "etc");
    fs::create_directory_symlink("r1", root / "current");
    fs::create_directory_symlink("current/etc", root / "link");
    FileWatch watch({root / "link"});
    EXPECT_TRUE(tells(watch, [&] {
      fs::create_directory_symlink("r2", root / "next");
      fs::rename(root / "next", root / "current");
    }));
    EXPECT_TRUE(tells(watch, [&] { write("r2/etc/base.yaml", "a: 2"); }));
    EXPECT_FALSE(tells(
        watch, [&] { write("r1/etc/base.yaml", "a: 3"); }, 200ms));
  });
}

TEST_F(FileWatchTest, follows_links_behind_links_and_a_way_back_up) {
  in_world([&] {
    fs::create_directories(root / "deep/er");
    fs::create_directory_symlink("deep/er", root / "short");
    fs::create_symlink("../second.yaml", root / "deep/er/first.yaml");
    fs::create_symlink("../short/first.yaml", root / "config/base.yaml");
    FileWatch watch({root / "short/../../config"});  // .. is that of deep/er
    EXPECT_TRUE(tells(watch, [&] { write("deep/second.yaml", "a: 1"); }));
    EXPECT_TRUE(tells(watch, [&] { write("deep/second.yaml", "a: 2"); }));
    EXPECT_TRUE(tells(watch, [&] {
      fs::create_symlink("../third.yaml", root / "deep/er/next");
      fs::rename(root / "deep/er/next", root / "deep/er/first.yaml");
    }));
    EXPECT_TRUE(tells(watch, [&] { write("deep/third.yaml", "a: 3"); }));
    EXPECT_FALSE(tells(
        watch, [&] { write("deep/second.yaml", "a: 4"); }, 200ms));
  });
}

TEST_F(FileWatchTest, sees_what_comes_where_a_link_leads_to_nothing) {
  in_world([&] {
    fs::create_symlink("../later/base.yaml", root / "config/base.yaml");
    FileWatch watch({root / "config"});
    EXPECT_TRUE(tells(watch, [&] { fs::create_directory(root / "later"); }));
    EXPECT_TRUE(tells(watch, [&] { write("later/base.yaml", "a: 1"); }));
    EXPECT_TRUE(tells(watch, [&] { fs::rename(root / "later", root / "gone"); }));
    EXPECT_FALSE(tells(
        watch, [&] { write("gone/base.yaml", "a: 2"); }, 200ms));
  });
}

TEST_F(FileWatchTest, goes_on_beside_links_that_lead_in_a_circle) {
  in_world([&] {
    fs::create_symlink("b.yaml", root / "config/a.yaml");
    fs::create_symlink("a.yaml", root / "config/b.yaml");
    fs::create_directory_symlink(".", root / "config/self");
    fs::create_symlink("base.yaml", root / "config/other.yaml");
    FileWatch watch({root / "config"});
    EXPECT_FALSE(tells(
        watch, [] {}, 200ms));
    EXPECT_TRUE(tells(watch, [&] { write("config/base.yaml", "a: 1"); }));
  });
}

TEST_F(FileWatchTest, refuses_links_to_more_folders_than_it_looks_at) {
  in_world([&] {
    for (int i = 0; i < 1024; ++i) {
      const std::string folder = "folder" + std::to_string(i);
      fs::create_directory(root / folder);
      fs::create_symlink("../" + folder + "/base.yaml", root / "config" / (folder + ".yaml"));
    }
    try {
      const FileWatch watch({root / "config"});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::resource_exhausted);
      EXPECT_THAT(error.message(),
                  testing::HasSubstr("through more than 1024 folders, the last of them " + root.string()));
    }
  });
}

TEST_F(FileWatchTest, sees_a_folder_that_comes_later) {
  in_world([&] {
    FileWatch watch({root / "later/config"});
    EXPECT_FALSE(tells(
        watch, [&] { write("unrelated", "x"); }, 200ms));
    EXPECT_TRUE(tells(watch, [&] { fs::create_directory(root / "later"); }));
    EXPECT_TRUE(tells(watch, [&] { fs::create_directory(root / "later/config"); }));
    EXPECT_TRUE(tells(watch, [&] { write("later/config/base.yaml", "a: 1"); }));
  });
}

TEST_F(FileWatchTest, ends_with_its_fiber) {
  in_world([&] {
    auto waiting = spawn([&] {
      FileWatch watch({root / "config"});
      watch.wait();
    });
    yield();
    waiting.cancel();
    EXPECT_THROW(waiting.join(), Error);
  });
}

}  // namespace
}  // namespace marty::runtime
