#include "marty/config/configuration.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"

namespace marty::config {

Configuration::Configuration(LoadOptions options) : options_(std::move(options)) {}
Configuration::~Configuration() = default;

std::size_t Configuration::declare(std::string path, const reflect::Type& type, Changes changes,
                                   std::function<std::shared_ptr<void>()> make) {
  MARTY_CHECK(!started());
  const auto known = std::ranges::find(sections_, path, &Section::path);
  if (known == sections_.end()) {
    sections_.push_back({std::move(path), &type, changes, std::move(make)});
    return sections_.size() - 1;
  }
  if (known->type != &type)
    throw Error(Code::already_exists, "the section " + path + " is declared as a " + std::string(known->type->name) +
                                          " and as a " + std::string(type.name));
  if (changes == Changes::at_run_time) known->changes = changes;
  return static_cast<std::size_t>(known - sections_.begin());
}

void Configuration::subscribe(std::string name, Prepare prepare) {
  MARTY_CHECK(!started());
  subscribers_.push_back({std::move(name), std::move(prepare)});
}

void Configuration::use_secrets(std::function<FindSecret(Tree&)> make) {
  MARTY_CHECK(!started());
  make_secrets_ = std::move(make);
}

Generation Configuration::bind_all(const Generation* before, std::vector<std::string>& kept) {
  Tree tree = load(options_);
  if (before == nullptr && make_secrets_) find_secret_ = make_secrets_(tree);
  tree.use_secrets(find_secret_);
  std::vector<std::shared_ptr<const void>> objects;
  for (const Section& section : sections_) {
    if (before != nullptr) {
      std::vector<std::string> keys = tree.keep(*section.type, section.path, section.changes, before->tree);
      kept.insert(kept.end(), keys.begin(), keys.end());
    }
    const std::shared_ptr<void> object = section.make();
    tree.bind(*section.type, object.get(), section.path, section.changes);
    objects.push_back(object);
  }
  return Generation(std::move(tree), std::move(objects));
}

std::unique_ptr<const Generation> Configuration::load_generation(const Generation* before,
                                                                 std::vector<std::string>& kept) {
  auto generation = std::make_unique<Generation>(bind_all(before, kept));
  generation->tree.finish();
  return generation;
}

Tree Configuration::inspect() {
  MARTY_CHECK(!started());
  std::vector<std::string> kept;
  return std::move(bind_all(nullptr, kept).tree);
}

// The first generation has been prepared for, too: a subscriber may refuse it.
void Configuration::start() {
  MARTY_CHECK(!started());
  std::vector<std::string> kept;
  std::unique_ptr<const Generation> first = load_generation(nullptr, kept);
  const std::vector<Commit> commits = prepare(*first);
  published_ = std::make_unique<runtime::Published<Generation>>(std::move(first));
  for (const Commit& commit : commits) {
    if (commit) commit();
  }
}

std::vector<Configuration::Commit> Configuration::prepare(const Generation& next) const {
  std::vector<Commit> commits;
  for (const Subscriber& subscriber : subscribers_) {
    try {
      commits.push_back(subscriber.prepare(next));
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      throw Error(Code::failed_precondition, subscriber.name + " refuses the configuration: " + error.message(),
                  std::current_exception());
    }
  }
  return commits;
}

Reload Configuration::reload() {
  MARTY_CHECK(started());
  const std::lock_guard one_at_a_time(reloading_);
  const runtime::Pin pin = published_->pin();
  const Generation& before = published_->value(pin);
  Reload result{.generation = pin.number()};
  std::unique_ptr<const Generation> next = load_generation(&before, result.needs_restart);
  if (next->tree.same_as(before.tree)) return result;
  std::vector<Commit> commits = prepare(*next);
  published_->publish(std::move(next));
  for (const Commit& commit : commits) {
    if (commit) commit();
  }
  result.generation = published_->number();
  result.changed = true;
  return result;
}

}  // namespace marty::config
