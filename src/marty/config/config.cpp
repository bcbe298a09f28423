#include "marty/config/config.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/config/internal/inspect.hpp"
#include "marty/config/internal/keep.hpp"
#include "marty/config/internal/overrides.hpp"
#include "marty/config/internal/tree_state.hpp"
#include "marty/config/internal/yaml.hpp"
#include "marty/runtime/file.hpp"

namespace marty::config {

using internal::Node;

namespace {

constexpr std::array<std::string_view, 4> kEnvironments = {"development", "testing", "staging", "production"};

std::string choose_environment(const LoadOptions& options) {
  const auto variable = options.variables.find("MARTY_ENV");
  const bool from_variable =
      options.environment.empty() && variable != options.variables.end() && !variable->second.empty();
  const std::string chosen = !options.environment.empty() ? options.environment
                             : from_variable              ? variable->second
                                                          : "development";
  if (std::ranges::find(kEnvironments, chosen) != kEnvironments.end()) return chosen;
  std::string message = from_variable ? "MARTY_ENV" : "the environment";
  message += " must be one of development, testing, staging, production, not \"" + chosen + "\"";
  if (const auto near = nearest(chosen, kEnvironments)) message += "; did you mean " + std::string(*near) + "?";
  throw Error(Code::invalid_argument, std::move(message));
}

// Lays one document over `root`; false: `problems` says why.
bool add_layer(Node& root, std::string_view text, const std::string& name, std::string& problems) {
  auto layer = internal::parse_yaml(text, name);
  if (layer && layer->kind != Node::Kind::map && layer->kind != Node::Kind::null) {
    layer = std::unexpected(layer->origin.text() + ": the file must be a section of keys, not " +
                            internal::describe(*layer));
  }
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

Tree make_tree(Node root, std::string environment, std::string directory, const Variables& variables) {
  internal::merge(root, internal::read_overrides(variables, root));
  return Tree(
      std::make_unique<internal::TreeState>(std::move(root), std::move(environment), std::move(directory), variables));
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

std::vector<std::string> Tree::keep(const reflect::Type& type, std::string_view section, Changes changes,
                                    const Tree& before) {
  return state_->keep(type, section, changes, *before.state_);
}
bool Tree::contains(std::string_view key) const { return state_->find(key) != nullptr; }
const std::string& Tree::environment() const { return state_->environment(); }
const std::vector<std::string>& Tree::warnings() const { return state_->warnings(); }
std::vector<Setting> Tree::settings() const { return internal::settings_of(*state_); }
json::Value Tree::schema() const { return internal::schema_of(*state_); }
bool Tree::same_as(const Tree& other) const { return internal::same_value(state_->root(), other.state_->root()); }

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
  const auto add = [&](const internal::Origin& origin, const std::string& value) {
    const bool shown = !hidden || internal::is_secret_reference(value);
    layers.push_back({origin.text(), shown ? value : "(not shown)"});
  };
  for (const internal::Overridden& before : node->history) add(before.origin, before.value);
  add(node->origin, internal::describe(*node));
  return layers;
}

Tree load(const LoadOptions& options) {
  const std::string environment = choose_environment(options);
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
  if (!problems.empty()) throw Error(Code::invalid_argument, "the configuration cannot be read:" + problems);
  return make_tree(std::move(root), environment, options.directory, options.variables);
}

Tree parse(std::string_view yaml, std::string_view name, const Variables& variables) {
  Node root = empty_map();
  std::string problems;
  if (!add_layer(root, yaml, std::string(name), problems)) {
    throw Error(Code::invalid_argument, "the configuration cannot be read:" + problems);
  }
  return make_tree(std::move(root), "development", "", variables);
}

}  // namespace marty::config
