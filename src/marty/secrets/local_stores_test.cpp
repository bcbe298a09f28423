#include "marty/secrets/local_stores.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "marty/json/value.hpp"
#include "marty/secrets/internal/contract_suite.hpp"

namespace marty::secrets::contract {
namespace {

namespace fs = std::filesystem;

std::string as_json(const std::map<std::string, std::string>& fields) {
  json::Value object = json::Value::object();
  for (const auto& [name, value] : fields) object[name] = value;
  return object.to_string();
}

// A folder of the test's own.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "marty-secrets-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    fs::create_directories((path / name).parent_path());
    fs::remove(path / name);
    std::ofstream(path / name) << text;
    ::chmod((path / name).c_str(), mode);
  }
  fs::path path;
};

class MemoryBackend final : public Backend {
 public:
  const char* name() const override { return "memory"; }
  std::unique_ptr<Store> store() override {
    auto made = std::make_unique<MemoryStore>();
    store_ = made.get();
    return made;
  }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    store_->put(path, Secret(as_json(fields)));
  }

 private:
  MemoryStore* store_ = nullptr;
};

class EnvironmentBackend final : public Backend {
 public:
  const char* name() const override { return "environment"; }
  std::unique_ptr<Store> store() override {
    return environment_store({}, [this](std::string_view name) -> const std::string* {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : &found->second;
    });
  }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    std::string name = "SECRET_";
    for (const char c : path) c == '/' ? void(name += "__") : name.push_back(static_cast<char>(std::toupper(c)));
    variables_[name] = as_json(fields);
  }

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

// A file of JSON, and a folder of files.
class FileBackend final : public Backend {
 public:
  explicit FileBackend(bool folders) : folders_(folders) {}
  const char* name() const override { return folders_ ? "folders" : "files"; }
  std::unique_ptr<Store> store() override { return file_store({.directory = folder_.path}); }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    if (!folders_) return folder_.write(path, as_json(fields));
    for (const auto& [field, value] : fields) folder_.write(path + "/" + field, value + "\n");
  }

 private:
  const bool folders_;
  Folder folder_;
};

MemoryBackend memory;
EnvironmentBackend environment;
FileBackend files(false), folders(true);

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreOutageContract);  // these places are always there
INSTANTIATE_TEST_SUITE_P(Local, StoreContract, testing::Values(&memory, &environment, &files, &folders), name_of);

class FileStoreTest : public testing::Test {
 protected:
  std::string read(const std::string& key, Readers readers = Readers::owner) {
    said.clear();
    const auto store = file_store({.directory = folder.path, .readable_by = readers});
    try {
      const auto found = store->get(Key::parse(key));
      return found ? std::string(found->value.reveal()) : "(nothing)";
    } catch (const Error& error) {
      said = error.message();
      return std::string(code_info(error.code()).name);
    }
  }
  Folder folder;
  std::string said;
};

TEST_F(FileStoreTest, drops_one_line_end) {
  folder.write("plain", "hunter2\n");
  EXPECT_EQ(read("plain"), "hunter2");
  folder.write("plain", "two\n\n");
  EXPECT_EQ(read("plain"), "two\n");
  folder.write("empty", "");
  EXPECT_EQ(read("empty"), "");
}

TEST_F(FileStoreTest, refuses_what_others_can_read_or_write) {
  folder.write("shared", "hunter2", 0644);
  EXPECT_EQ(read("shared"), "permission_denied");
  EXPECT_THAT(said, testing::AllOf(testing::HasSubstr("has the mode 0644"), testing::HasSubstr("chmod 0600"),
                                   testing::Not(testing::HasSubstr("hunter2"))));
  EXPECT_EQ(read("shared", Readers::group), "permission_denied");
  EXPECT_EQ(read("shared", Readers::anyone), "hunter2");
  folder.write("shared", "hunter2", 0640);
  EXPECT_EQ(read("shared", Readers::group), "hunter2");
  folder.write("shared", "hunter2", 0620);
  EXPECT_EQ(read("shared", Readers::anyone), "permission_denied");
}

TEST_F(FileStoreTest, refuses_names_and_links_that_lead_out) {
  for (const char* key : {"../secret", "a/../../secret", "/etc/passwd", "a//b", "", "a#", "a#b/c", ".", "a/."})
    EXPECT_THROW(Key::parse(key), Error) << key;
  const Folder outside;
  outside.write("target", "hunter2");
  fs::create_symlink(outside.path / "target", folder.path / "link");
  EXPECT_EQ(read("link"), "permission_denied");
  EXPECT_THAT(said, testing::HasSubstr("leads out of"));
  fs::create_directory_symlink(outside.path, folder.path / "folder");
  EXPECT_EQ(read("folder/target"), "permission_denied");
}

TEST_F(FileStoreTest, follows_the_links_of_a_kubernetes_volume) {
  folder.write("database/..2026_11_25/password", "first");
  fs::create_directory_symlink("..2026_11_25", folder.path / "database/..data");
  fs::create_symlink("..data/password", folder.path / "database/password");
  EXPECT_EQ(read("database#password"), "first");
  EXPECT_EQ(read("database"), "first");
  folder.write("database/..2026_11_26/password", "second");
  fs::create_directory_symlink("..2026_11_26", folder.path / "database/..data_tmp");
  fs::rename(folder.path / "database/..data_tmp", folder.path / "database/..data");
  EXPECT_EQ(read("database#password"), "second");
}

TEST_F(FileStoreTest, refuses_what_is_no_plain_file_or_too_large) {
  ::mkfifo((folder.path / "pipe").c_str(), 0600);
  EXPECT_EQ(read("pipe"), "permission_denied");
  folder.write("large", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(read("large"), "invalid_argument");
  folder.write("largest", std::string(1 << 20, 'x'));
  EXPECT_EQ(read("largest").size(), std::size_t{1} << 20);
}

TEST_F(FileStoreTest, refuses_a_folder_that_others_can_write) {
  folder.write("shared/plain", "hunter2");
  ::chmod((folder.path / "shared").c_str(), 0777);
  EXPECT_EQ(read("shared/plain"), "permission_denied");
  EXPECT_THAT(said, testing::HasSubstr("others can write the folder"));
  ::chmod((folder.path / "shared").c_str(), 01777);  // as the volumes of Kubernetes are
  EXPECT_EQ(read("shared/plain"), "hunter2");
}

TEST_F(FileStoreTest, minds_no_field_that_is_gone) {
  folder.write("database/password", "hunter2");
  fs::create_symlink("nowhere", folder.path / "database/old");
  EXPECT_EQ(read("database"), "hunter2");
}

TEST(EnvironmentStore, keeps_levels_apart) {
  const std::map<std::string, std::string, std::less<>> variables = {{"SECRET_PLUGINS__A_B__TOKEN", "of a-b"}};
  const auto store = environment_store({}, [&](std::string_view name) -> const std::string* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : &found->second;
  });
  EXPECT_EQ(store->get(Key::parse("plugins/a-b/token"))->value.reveal(), "of a-b");
  EXPECT_FALSE(store->get(Key::parse("plugins/a/b/token")));
}

TEST(EnvironmentStore, looks_for_the_field_in_a_variable_of_its_own_first) {
  const std::map<std::string, std::string, std::less<>> variables = {{"SECRET_SHOP__DB__PASSWORD", "own"},
                                                                     {"SECRET_SHOP__DB", R"({"password": "member"})"}};
  const auto store = environment_store({}, [&](std::string_view name) -> const std::string* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : &found->second;
  });
  EXPECT_EQ(store->get(Key::parse("shop/db#password"))->value.reveal(), "own");
}

}  // namespace
}  // namespace marty::secrets::contract
