#include "marty/config/config.hpp"

#include <filesystem>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/config/internal/environment.hpp"
#include "marty/config/internal/inspect.hpp"
#include "marty/config/internal/keep.hpp"
#include "marty/config/internal/merge.hpp"
#include "marty/config/internal/overrides.hpp"
#include "marty/config/internal/plugin_files.hpp"
#include "marty/config/internal/tree_state.hpp"
#include "marty/config/internal/yaml.hpp"
#include "marty/runtime/file.hpp"

namespace marty::config {

using internal::Node;

namespace {

// Lays one document over `root`; false: `problems` says why.
bool add_layer(Node& root, std::string_view text, const std::string& name, std::string& problems) {
  auto layer = internal::parse_yaml_file(text, name);
  if (!layer) {
    problems += "\n  " + layer.error();
    return false;
  }
  internal::merge(root, std::move(*layer));
  return true;
}

// Nothing where there is no such file.
std::optional<std::string> read_file(const std::filesystem::path& path) {
  try {
    return runtime::read_file(path);
  } catch (const Error& error) {
    if (error.code() == Code::not_found) return std::nullopt;
    throw;
  }
}

Node empty_map() {
  Node root;
  root.kind = Node::Kind::map;
  return root;
}

}  // namespace

Tree::Tree(std::unique_ptr<internal::TreeState> state) : state_(std::move(state)) {}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

void Tree::use_secrets(FindSecret find_secret) { state_->use_secrets(std::move(find_secret)); }
bool Tree::bind(const reflect::Type& type, void* object, std::string_view section, Changes changes) {
  return state_->bind(type, object, section, changes);
}
std::string Tree::text(std::string_view key) { return state_->text(key); }
bool has_reloadable(const reflect::Type& type) { return internal::has_reloadable(type); }

Tree Tree::unbound() const { return Tree(std::make_unique<internal::TreeState>(state_->unbound())); }
std::vector<std::string> Tree::keep(const reflect::Type& type, std::string_view section, Changes changes,
                                    const Tree& before) {
  return state_->keep(type, section, changes, *before.state_);
}
bool Tree::contains(std::string_view key) const { return state_->find(key) != nullptr; }
std::vector<std::string> Tree::keep_plugins(const Tree& before) { return state_->keep_plugins(*before.state_); }
void Tree::report(std::string_view key, std::string message, std::string_view origin) {
  state_->report(key, std::move(message), origin);
}
std::vector<std::string> Tree::plugins() const { return state_->plugins(); }
const std::string& Tree::environment() const { return state_->environment(); }
const std::vector<std::string>& Tree::warnings() const { return state_->warnings(); }
std::vector<Setting> Tree::settings() const { return internal::settings_of(*state_); }
json::Value Tree::schema() const { return internal::schema_of(*state_); }
bool Tree::has_problem(std::string_view key) const { return state_->has_problem(key); }
bool Tree::same_as(const Tree& other, std::string_view section) const {
  const Node *const left = state_->find(section), *const right = other.state_->find(section);
  return left != nullptr && right != nullptr ? internal::same_value(*left, *right) : left == right;
}

void Tree::finish() {
  const auto& problems = state_->check();
  if (problems.empty()) return;
  std::string message = problems.size() == 1
                            ? "the configuration has a problem:"
                            : "the configuration has " + std::to_string(problems.size()) + " problems:";
  std::vector<FieldError> fields;
  for (const internal::BindingProblem& problem : problems) {
    message += "\n  " + state_->line(problem);
    fields.push_back({problem.key, problem.message});
  }
  throw Error(Code::invalid_argument, std::move(message), std::move(fields));
}

std::vector<Problem> Tree::problems() {
  std::vector<Problem> all;
  for (const internal::BindingProblem& problem : state_->check())
    all.push_back({problem.origin.text(), problem.key, problem.message});
  return all;
}

std::vector<Layer> Tree::explain(std::string_view key) const {
  std::vector<Layer> layers;
  const Node* const node = state_->find(key);
  if (node == nullptr) return layers;
  const bool hidden = state_->hides(key);
  const bool replaced_hidden = hidden || internal::holds_hidden(*node);
  const auto add = [&](const Node& said, bool hide) {
    const std::string value = internal::describe(said);
    const bool shown = !hide || internal::is_secret_reference(value);
    layers.push_back({said.origin.text(), shown ? value : "(not shown)"});
  };
  for (const Node& before : node->history) add(before, replaced_hidden);
  add(*node, hidden);
  return layers;
}

std::vector<ExactLayer> Tree::explain_exactly(std::string_view key) const {
  return internal::exact_layers_of(*state_, key);
}

Tree load(const LoadOptions& options) {
  const std::string environment = internal::choose_environment(options);
  const std::filesystem::path directory(options.directory);
  if (options.directory_required && !std::filesystem::is_directory(directory)) {
    throw Error(Code::not_found, "the configuration directory " + options.directory + " does not exist");
  }
  Node root = empty_map();
  std::string problems;
  if (options.profile) add_layer(root, options.profile(environment), "profile " + environment, problems);
  for (const std::string& name : {std::string("base"), environment}) {
    const std::filesystem::path path = directory / (name + ".yaml");
    if (const auto text = read_file(path)) add_layer(root, *text, path.string(), problems);
    const std::filesystem::path lookalike = directory / (name + ".yml");
    if (std::filesystem::exists(lookalike))
      problems += "\n  " + lookalike.string() + ": would not be read: call it " + name + ".yaml";
  }
  internal::PluginFiles plugins = internal::read_plugin_files(options.plugin_directory, environment, problems);
  if (!problems.empty()) throw Error(Code::invalid_argument, "the configuration cannot be read:" + problems);
  internal::merge(root, std::move(plugins.layer));
  internal::merge(root, internal::read_overrides(options.variables));
  internal::merge(root, internal::read_settings(options.set_at_run_time));
  return Tree(std::make_unique<internal::TreeState>(std::move(root), environment, options.directory, options.variables,
                                                    std::move(plugins.names)));
}

Tree parse(std::string_view yaml, std::string_view name, const Variables& variables) {
  Node root = empty_map();
  std::string problems;
  if (!add_layer(root, yaml, std::string(name), problems)) {
    throw Error(Code::invalid_argument, "the configuration cannot be read:" + problems);
  }
  internal::merge(root, internal::read_overrides(variables));
  return Tree(std::make_unique<internal::TreeState>(std::move(root), "development", "", variables));
}

}  // namespace marty::config
