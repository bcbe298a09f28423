// Configuration: layers of YAML and environment variables, bound to plain structs.
//
//   struct ServerConfig {
//     std::string host = "127.0.0.1";
//     int http_port = 8080;
//     config::Duration idle_timeout = std::chrono::seconds(75);
//     static constexpr auto rules = marty::rules(
//         marty::field<&ServerConfig::http_port>.range(0, 65535).description("0 takes any free port"));
//   };
//
//   config::Tree tree = config::load({.variables = config::environment_variables()});
//   auto server = tree.bind<ServerConfig>("server");
//   tree.finish();                                     // throws one Error that lists everything that is wrong
//
// Later layers win, key by key, whether a section stands in a file, a variable or a reference; lists are replaced
// whole:
//   1. the defaults of the structs   2. the profile of the environment   3. base.yaml   4. {environment}.yaml
//   5. plugins/*.yaml   6. MARTY_SERVER__HTTP_PORT=9000   7. what the program sets while it runs
// A value may hold ${VAR}, ${VAR:-default} and ${SECRET:key}. In a variable a list is written "a, b" or "[a, b]".
// MARTY_ variables without "__" are no settings. Files are optional: without any the defaults apply. A key that no
// struct knows is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/secret.hpp"
#include "marty/config/units.hpp"
#include "marty/config/variables.hpp"
#include "marty/json/value.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::config {

namespace internal {
class TreeState;
}

struct LoadOptions {
  std::string directory = "config";
  bool directory_required = false;  // else a directory that is not there counts as empty
  std::string plugin_directory;     // of the plugins' files, see plugins.hpp; empty: there are none
  std::string
      environment;  // development, testing, staging or production; empty: the variable MARTY_ENV, or development
  Variables variables;
  // YAML below all files: what an environment is like where nobody says anything. Empty: nothing.
  std::function<std::string_view(std::string_view environment)> profile;
  Variables set_at_run_time;  // by key, as texts like those of variables: Configuration::set()
};

// What one layer says about a key.
struct Layer {
  std::string origin;  // "config/base.yaml:12", "MARTY_SERVER__HTTP_PORT"
  std::string value;   // on one line, cut when long; "(not shown)" where the key is that of a password, token ...

  bool operator==(const Layer&) const = default;
};

// The same for programs.
struct ExactLayer {
  std::string origin;
  json::Value value;  // as Setting::exact

  bool operator==(const ExactLayer&) const = default;
};

// A key with the value that counts.
struct Setting {
  std::string key;
  std::string value;   // as in Layer; a reference to a secret as it is written
  std::string origin;  // "default" where no layer says anything
  bool reloadable = false;
  json::Value exact;  // for programs: typed and whole; null where there is none

  bool operator==(const Setting&) const = default;
};

// What is wrong with a key.
struct Problem {
  std::string origin;   // as in Layer; "" where nothing was written
  std::string key;      // "": the configuration as a whole
  std::string message;  // completes "KEY ..."

  bool operator==(const Problem&) const = default;
};

// The secret of that key. Throws Error: not_found where there is none, which is what a default is for.
using FindSecret = std::function<Secret(std::string_view key)>;

// Whether a section may change while the program runs: by its fields (marty::rules), or the whole of it.
enum class Changes : std::uint8_t { by_field, at_run_time };

// Whether something in it is declared reloadable.
bool has_reloadable(const reflect::Type& type);

// A loaded configuration. Used by one thread.
class Tree {
 public:
  explicit Tree(std::unique_ptr<internal::TreeState> state);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  // What ${SECRET:...} stands for in the sections that are bound from now on; before, it is an error.
  void use_secrets(FindSecret find_secret);

  // The section ("server", "security.auth") as a T. What is wrong is kept for finish(), and its field at the default.
  template <class T>
  T bind(std::string_view section) {
    T object{};
    bind(reflect::type_of<T>(), &object, section);
    return object;
  }
  // False: something is wrong in it, other than keys that may turn out to be sections of their own.
  bool bind(const reflect::Type& type, void* object, std::string_view section, Changes changes = Changes::by_field);

  // A value as a text, its references resolved; "" where there is none. For what decides which sections there are.
  std::string text(std::string_view key);

  // What is written here, as far as it is known to be right, to be bound anew: after finish().
  Tree unbound() const;

  // Before a section is bound: what must not change at run time is as in `before`, a tree in which it was bound.
  // Returns the keys for which that is not what is written here.
  std::vector<std::string> keep(const reflect::Type& type, std::string_view section, Changes changes,
                                const Tree& before);

  // At a reload, before any section is bound: plugins whose file is new or gone are as in `before`. Returns their keys.
  std::vector<std::string> keep_plugins(const Tree& before);

  // Adds to what is wrong, for whatever goes beyond one field: "KEY MESSAGE", with the place of the key's value where
  // no other `origin` is given.
  void report(std::string_view key, std::string message, std::string_view origin = {});

  // Whether anything is wrong at or below a key.
  bool has_problem(std::string_view key) const;

  // Call when all sections are bound. Throws Error(invalid_argument) when there is anything wrong: one line each with
  // file and line, key, what was expected, what was found, and for unknown keys the nearest known one.
  void finish();
  // The same as a list, in the order in which somebody would repair them.
  std::vector<Problem> problems();

  bool contains(std::string_view key) const;
  // What each layer says about a key, in order: the last one wins. Nothing where only the default applies.
  std::vector<Layer> explain(std::string_view key) const;
  std::vector<ExactLayer> explain_exactly(std::string_view key) const;
  // Every key of the sections that are bound, with what counts. No value of a secret is in it.
  std::vector<Setting> settings() const;
  // JSON Schema (2020-12) of the sections that are bound, for editors and for tools that check files.
  json::Value schema() const;
  const std::string& environment() const;
  // The plugins that have a file, by name. Each is a section, plugin.NAME.
  std::vector<std::string> plugins() const;
  // What somebody should look at, for the log; complete after finish(): keys in use that are deprecated, and variables
  // that look like settings but lack the "__".
  const std::vector<std::string>& warnings() const;
  // Whether both say the same in every key below `section`, wherever it was written; "": in every key.
  bool same_as(const Tree& other, std::string_view section = {}) const;

 private:
  std::unique_ptr<internal::TreeState> state_;
};

// Reads the layers. Throws Error(invalid_argument) for an unknown environment and for files that are not valid YAML
// (all of them at once).
Tree load(const LoadOptions& options);

// From one YAML text instead of files: tests, tools. `name` stands in for the file's name in errors.
Tree parse(std::string_view yaml, std::string_view name = "config", const Variables& variables = {});

}  // namespace marty::config
