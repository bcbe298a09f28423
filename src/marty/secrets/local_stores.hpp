// The stores that need nothing but this machine: memory, environment variables, files.
//
//   const auto store = secrets::file_store({.directory = "/run/secrets"});
//   store->get(Key::parse("shop/database#password"));      // the member password of /run/secrets/shop/database
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "marty/reflect/rules.hpp"
#include "marty/secrets/store.hpp"

namespace marty::secrets {

// For development and tests: what stands in the configuration itself, or is put in.
struct MemoryOptions {
  std::map<std::string, Secret> values;  // by path
  static constexpr auto rules = marty::rules(field<&MemoryOptions::values>.optional().description(
      "PATH: TEXT, for development and tests: here a secret is no secret"));
};

// Any thread may use it.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(MemoryOptions options = {});
  ~MemoryStore() override;
  std::string_view name() const noexcept override { return "memory"; }
  std::optional<Found> get(const Key& key) override;
  void check() override {}
  void put(const std::string& path, Secret value);  // adds or replaces
  void remove(const std::string& path);

 private:
  class State;
  std::unique_ptr<State> state_;
};

struct EnvironmentOptions {
  std::string prefix = "SECRET_";
  static constexpr auto rules = marty::rules(
      field<&EnvironmentOptions::prefix>.description("shop/database is the variable PREFIX and SHOP__DATABASE"));
};

// `variables`: gives the value of a variable, or null. What is read at the start stays: variables do not change.
std::unique_ptr<Store> environment_store(EnvironmentOptions options,
                                         std::function<const std::string*(std::string_view name)> variables);

// Who may read the files besides us. Nobody else may ever write them.
enum class Readers { owner, group, anyone };

struct FileOptions {
  std::string directory = "/run/secrets";
  std::optional<Readers> readable_by;  // absent: owner
  static constexpr auto rules = marty::rules(
      field<&FileOptions::directory>.description("shop/database is the file shop/database in it, whose members are "
                                                 "fields where it is JSON, or a folder, whose files are"),
      field<&FileOptions::readable_by>.description(
          "Who may read the files besides the owner; else they are refused. Default: owner; in a container, which "
          "mounts them so, anyone"));
};

// One trailing line end is not part of a secret. A file that others may read (but for readable_by) or write is refused
// (permission_denied), as is one outside of the directory: symbolic links are followed as far as they stay in it, as
// those of mounted Kubernetes secrets do.
std::unique_ptr<Store> file_store(FileOptions options);

}  // namespace marty::secrets
