#include "marty/config/internal/tree_state.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <tuple>
#include <utility>

#include "marty/base/strings.hpp"
#include "marty/config/internal/expand.hpp"
#include "marty/config/internal/keep.hpp"
#include "marty/config/internal/overrides.hpp"
#include "marty/config/internal/plugin_files.hpp"
#include "marty/reflect/scalar.hpp"

namespace marty::config::internal {

namespace {

// A secret, or a list or map of them.
bool holds_secrets(const reflect::Type& type) {
  const bool container = type.kind == reflect::Kind::sequence || type.kind == reflect::Kind::map;
  const reflect::Type& held = container ? *type.element : type;
  return held.kind == reflect::Kind::text && held.text->append == nullptr;
}

}  // namespace

TreeState::TreeState(Node root, std::string environment, std::string directory, Variables variables,
                     PluginNames plugins)
    : root_(std::move(root)),
      environment_(std::move(environment)),
      directory_(std::move(directory)),
      environment_variables_(std::move(variables)),
      plugins_(std::move(plugins)) {
  for (const auto& [name, value] : environment_variables_) {
    if (name.starts_with("MARTY_") && name.find("__") == std::string::npos) near_settings_.push_back(name);
  }
}

// Those of this node, not of what is in it or beneath it: that may not count.
void TreeState::expand_references(Node& node, const std::string& key) {
  if (std::exchange(node.expanded, true) || node.kind != Node::Kind::scalar || !has_reference(node.scalar)) return;
  const auto plugin = plugins_.find(node.origin.source);
  auto result = expand(node.scalar, environment_variables_, find_secret_,
                       plugin != plugins_.end() ? std::string_view(plugin->second) : std::string_view());
  node.loose = true;
  if (!result) {
    node.faulty = true;
    problems_.push_back({node.origin, key, std::move(result.error())});
  } else if (result->has_secret) {
    node.secret = std::make_shared<const Secret>(Secret::take(result->text));
  } else {
    node.scalar = std::move(result->text);
  }
}

Settling TreeState::settling() {
  return {.expand = [this](Node& node, const std::string& key) { expand_references(node, key); },
          .report =
              [this](const Node& node, const std::string& key, std::string problem) {
                problems_.push_back({node.origin, key, std::move(problem)});
              }};
}

// The node of a key; what it stands in is a section.
Node* TreeState::enter(std::string_view key) {
  Node* at = &root_;
  for (std::size_t begin = 0; at != nullptr && begin < key.size();) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    if (at != &root_) settle(*at, Form::section, std::string(key.substr(0, begin - 1)), settling());
    at = at->find(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return at;
}

bool TreeState::hides(std::string_view key) const {
  for (std::string_view at = key; !at.empty(); at = at.substr(0, at.rfind('.') == at.npos ? 0 : at.rfind('.'))) {
    if (hidden_keys_.contains(at)) return true;
  }
  const std::size_t dot = key.rfind('.');
  return !open_keys_.contains(key) && is_confidential(dot == key.npos ? key : key.substr(dot + 1));
}

const Node* TreeState::find(std::string_view key) const {
  const Node* at = &root_;
  while (at != nullptr && !key.empty()) {
    const std::size_t end = std::min(key.find('.'), key.size());
    at = at->find(key.substr(0, end));
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  return at;
}

std::string TreeState::text(std::string_view key) {
  Node* const node = enter(key);
  if (node == nullptr) return "";
  settle(*node, Form::text, std::string(key), settling());
  return std::string(node->text());
}

TreeState TreeState::unbound() const {
  TreeState fresh(root_, environment_, directory_, environment_variables_, plugins_);
  fresh.find_secret_ = find_secret_;
  return fresh;
}

bool TreeState::bind(const reflect::Type& type, void* object, std::string_view section, Changes changes) {
  const std::string key(section);
  sections_.insert_or_assign(key, Section{&type, changes});
  learn_keys(type, key, 0);
  const auto before = static_cast<std::ptrdiff_t>(problems_.size());
  const Settling how = settling();
  Binder(problems_, warnings_, how).bind(type, object, enter(section), key);
  // A key that this section does not know may be a section of its own.
  return std::all_of(problems_.begin() + before, problems_.end(), [](const auto& found) { return found.unknown_key; });
}

std::vector<std::string> TreeState::keep(const reflect::Type& type, std::string_view section, Changes changes,
                                         const TreeState& before) {
  return keep_unchangeable(type, std::string(section), changes == Changes::at_run_time, root_, before.root_);
}

std::vector<std::string> TreeState::plugins() const {
  std::vector<std::string> names;
  for (const auto& [file, name] : plugins_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

// What is loaded for a plugin – its code, its dependencies – does not come and go with its file.
std::vector<std::string> TreeState::keep_plugins(const TreeState& before) {
  const std::vector<std::string> now = plugins(), then = before.plugins();
  std::vector<std::string> keys;
  std::ranges::set_symmetric_difference(now, then, std::back_inserter(keys));
  for (std::string& key : keys) {
    key = join(std::string(kPluginSection), key);
    keep_section(key, root_, before.root_);
  }
  plugins_ = before.plugins_;
  return keys;
}

// The node of "a.list[2]"; a list that was written as one text is the node for all of its items.
const Node* TreeState::find_item(std::string_view key) const {
  const std::size_t bracket = std::min(key.find('['), key.size());
  const Node* const node = find(key.substr(0, bracket));
  if (node == nullptr || bracket == key.size()) return node;
  std::size_t item = 0;
  std::from_chars(key.data() + bracket + 1, key.data() + key.size(), item);
  return item < node->items.size() ? &node->items[item] : node;
}

void TreeState::report(std::string_view key, std::string message, std::string_view origin) {
  const Node* const node = find_item(key);
  const Origin place = !origin.empty() ? Origin{std::string(origin), 0} : node != nullptr ? node->origin : Origin{};
  problems_.push_back({place, std::string(key), std::move(message)});
}

bool TreeState::has_problem(std::string_view key) const {
  return std::ranges::any_of(problems_, [&](const BindingProblem& problem) {
    const std::string_view at = problem.key;
    const bool is_section = problem.unknown_key && sections_.contains(problem.key);
    return !is_section && at.starts_with(key) &&
           (at.size() == key.size() || at[key.size()] == '.' || at[key.size()] == '[');
  });
}

void TreeState::learn_keys(const reflect::Type& type, const std::string& key, int depth) {
  constexpr int kMaxDepth = 8;  // a struct may hold itself, by way of a list
  const reflect::Type& held = type.kind == reflect::Kind::optional ? *type.element : type;
  if (held.kind == reflect::Kind::object && depth < kMaxDepth) {
    for (const reflect::Field& field : held.object().fields) {
      if (field.write_only) hidden_keys_.insert(join(key, field.name));
      learn_keys(*field.type, join(key, field.name), depth + 1);
    }
    return;
  }
  if (holds_secrets(held))
    hidden_keys_.insert(key);
  else if (reflect::is_scalar(held.kind) && held.kind != reflect::Kind::string)
    open_keys_.insert(key);
  const std::string variable = variable_for(key);
  std::string flat = variable;
  for (std::size_t at; (at = flat.find("__")) != std::string::npos;) flat.erase(at, 1);
  variables_.emplace(std::move(flat), variable);
}

// MARTY_SERVER_HTTP_PORT=9000 would otherwise change nothing without a word. A warning only: Kubernetes sets variables
// of that form for every Service of its own.
void TreeState::warn_of_near_settings() {
  for (const std::string& name : near_settings_) {
    const auto meant = variables_.find(name);
    if (meant != variables_.end()) warnings_.push_back(name + " sets nothing; did you mean " + meant->second + "?");
  }
}

// The highest keys that no section covers.
void TreeState::report_unused(const Node& node, const std::string& key) {
  std::vector<std::string_view> siblings;
  for (const auto& [section, bound] : sections_) {
    if (!key.empty() && !section.starts_with(key + ".")) continue;
    const std::string_view below = std::string_view(section).substr(key.empty() ? 0 : key.size() + 1);
    siblings.push_back(below.substr(0, below.find('.')));
  }
  for (const auto& [name, member, any_spelling] : node.members) {
    if (member.used) continue;
    const std::string path = join(key, name);
    if (std::ranges::find(siblings, name) != siblings.end() && member.kind == Node::Kind::map) {
      report_unused(member, path);
      continue;
    }
    std::string message = key.empty() ? "is not a known section" : "is not a known key";
    if (const auto near = nearest(name, siblings)) message += "; did you mean " + join(key, *near) + "?";
    problems_.push_back({member.origin, path, std::move(message)});
  }
}

std::string TreeState::line(const BindingProblem& problem) const {
  if (problem.key.empty()) return problem.message;
  if (!problem.origin.source.empty()) return problem.origin.text() + ": " + problem.key + " " + problem.message;
  std::string text = problem.key + " " + problem.message + "; set it ";
  if (!directory_.empty())
    text += "in " + directory_ + "/base.yaml or " + directory_ + "/" + environment_ + ".yaml, or ";
  return text + "as " + variable_for(problem.key);
}

// A section may stand inside another one's: database.sqlite in database.
void TreeState::forgive_sections() {
  std::erase_if(problems_, [this](const BindingProblem& problem) {
    return problem.unknown_key && sections_.contains(problem.key);
  });
}

const std::vector<BindingProblem>& TreeState::check() {
  if (!std::exchange(checked_, true)) {
    warn_of_near_settings();
    forgive_sections();
    report_unused(root_, "");
  }
  // As somebody would repair them: file by file, from the top; last what is written nowhere. A section that was bound
  // twice says everything twice.
  const auto place = [](const BindingProblem& problem) {
    return std::tuple(problem.origin.source.empty(), problem.origin.source, problem.origin.line);
  };
  std::ranges::stable_sort(problems_, {}, place);
  for (auto problem = problems_.begin(); problem != problems_.end(); ++problem) {
    const auto same = [&](const BindingProblem& other) {
      return place(other) == place(*problem) && other.key == problem->key && other.message == problem->message;
    };
    problems_.erase(std::remove_if(problem + 1, problems_.end(), same), problems_.end());
  }
  return problems_;
}

}  // namespace marty::config::internal
