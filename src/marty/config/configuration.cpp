#include "marty/config/configuration.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/file.hpp"
#include "marty/telemetry/log.hpp"

namespace marty::config {
namespace {

constexpr Logger kLog("marty.configuration");

}  // namespace

Configuration::Configuration(LoadOptions options) : options_(std::move(options)) {}
Configuration::~Configuration() = default;

std::size_t Configuration::declare(std::string path, const reflect::Type& type, Changes changes,
                                   std::function<std::shared_ptr<void>()> make) {
  MARTY_CHECK(!started());
  const auto known = std::ranges::find_if(
      sections_, [&](const Section& section) { return section.type != nullptr && section.path == path; });
  if (known == sections_.end()) {
    sections_.push_back({std::move(path), &type, changes, std::move(make), {}});
    return sections_.size() - 1;
  }
  if (known->type != &type)
    throw Error(Code::already_exists, "the section " + path + " is declared as a " + std::string(known->type->name) +
                                          " and as a " + std::string(type.name));
  if (changes == Changes::at_run_time) known->changes = changes;
  return static_cast<std::size_t>(known - sections_.begin());
}

std::size_t Configuration::derive_object(Derive derive) {
  MARTY_CHECK(!started());
  sections_.push_back({.path = "", .type = nullptr, .changes = {}, .make = {}, .derive = std::move(derive)});
  return sections_.size() - 1;
}

void Configuration::check(std::vector<std::string> sections, std::function<void(Generation&)> check) {
  MARTY_CHECK(!started());
  checks_.push_back({std::move(sections), std::move(check)});
}

void Configuration::declare_found(std::function<void(const Tree&)> declare) {
  MARTY_CHECK(!started());
  declare_found_.push_back(std::move(declare));
}

void Configuration::subscribe(std::string name, Prepare prepare) {
  MARTY_CHECK(!started());
  subscribers_.push_back({std::move(name), std::move(prepare)});
}

void Configuration::use_secrets(std::function<FindSecret(Tree&)> make) {
  MARTY_CHECK(!started());
  make_secrets_ = std::move(make);
}

// Reads and parses where that holds no loop.
Tree Configuration::read(const LoadOptions& options) {
  runtime::BlockingPool* const pool = runtime::file_pool();
  return pool != nullptr ? pool->run([&] { return load(options); }) : load(options);
}

// Binds all sections, and leaves what is wrong to finish().
Generation Configuration::bind(Tree tree) const {
  Generation next(std::move(tree), {});
  for (const Section& section : sections_) {
    std::shared_ptr<void> object = section.type != nullptr ? section.make() : nullptr;
    if (object != nullptr) next.tree.bind(*section.type, object.get(), section.path, section.changes);
    next.sections.push_back(std::move(object));
  }
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (sections_[i].derive) next.sections[i] = sections_[i].derive(next);
  }
  return next;
}

Generation Configuration::bind_first() {
  Tree tree = read(options_);
  if (make_secrets_) find_secret_ = make_secrets_(tree);
  for (const auto& declare : declare_found_) declare(tree);
  tree.use_secrets(find_secret_);
  return bind(std::move(tree));
}

// `before`: what runs; null: nothing yet.
void Configuration::run_checks(Generation& bound, const Generation* before) const {
  for (const Check& check : checks_) {
    const auto is_right = [&](const std::string& section) { return !bound.tree.has_problem(section); };
    const auto is_new = [&](const std::string& section) {
      return before == nullptr || !bound.tree.same_as(before->tree, section);
    };
    if (std::ranges::all_of(check.sections, is_right) && std::ranges::any_of(check.sections, is_new)) check.run(bound);
  }
}

// What is written has to be good for a start, too; else whoever restarts, as the log asks for, has nothing that runs.
Generation Configuration::bind_next(const LoadOptions& options, const Generation& before,
                                    std::vector<std::string>& kept) const {
  Tree tree = read(options);
  tree.use_secrets(find_secret_);
  Generation written = bind(std::move(tree));
  run_checks(written, &before);
  written.tree.finish();
  if (written.tree.same_as(before.tree)) return written;
  Tree mixture = written.tree.unbound();
  kept = mixture.keep_plugins(before.tree);
  for (const Section& section : sections_) {
    if (section.type == nullptr) continue;
    std::vector<std::string> keys = mixture.keep(*section.type, section.path, section.changes, before.tree);
    std::ranges::move(keys, std::back_inserter(kept));
  }
  Generation next = bind(std::move(mixture));
  next.tree.finish();
  return next;
}

Tree Configuration::inspect() {
  MARTY_CHECK(!started());
  return std::move(bind_first().tree);
}

Tree Configuration::verify() {
  MARTY_CHECK(!started());
  Generation first = bind_first();
  run_checks(first, nullptr);
  if (!first.tree.problems().empty()) return std::move(first.tree);
  try {
    prepare(first);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    first.tree.report("", error.message());
  }
  return std::move(first.tree);
}

// The first generation has been prepared for, too: a subscriber may refuse it.
void Configuration::start() {
  MARTY_CHECK(!started());
  auto first = std::make_unique<Generation>(bind_first());
  run_checks(*first, nullptr);
  first->tree.finish();
  const std::vector<Prepared> prepared = prepare(*first);
  const runtime::ShieldScope shield;
  published_ = std::make_unique<runtime::Published<Generation>>(std::move(first));
  for (const Prepared& each : prepared) carry_out(each);
}

std::vector<Configuration::Prepared> Configuration::prepare(const Generation& next) const {
  std::vector<Prepared> prepared;
  for (const Subscriber& subscriber : subscribers_) {
    try {
      prepared.push_back({&subscriber.name, subscriber.prepare(next)});
    } catch (const std::exception& exception) {
      const auto* const error = dynamic_cast<const Error*>(&exception);
      if (error != nullptr && error->code() == Code::cancelled) throw;
      throw Error(Code::failed_precondition, subscriber.name + " refuses the configuration: " + exception.what(),
                  std::current_exception());
    }
  }
  return prepared;
}

// The generation is published: whatever happens, the others have to follow it.
void Configuration::carry_out(const Prepared& prepared) noexcept {
  if (!prepared.commit) return;
  try {
    prepared.commit();
  } catch (...) {
    kLog.error("could not follow the configuration", std::current_exception(), {{"part", *prepared.subscriber}});
  }
}

Reload Configuration::reload() {
  MARTY_CHECK(started());
  const std::lock_guard one_at_a_time(reloading_);
  return reload(options_, "");
}

Reload Configuration::set(std::string key, std::optional<std::string> value) {
  MARTY_CHECK(started());
  const std::lock_guard one_at_a_time(reloading_);
  LoadOptions options = options_;
  options.set_at_run_time.erase(key);
  if (value) options.set_at_run_time.emplace(key, std::move(*value));
  return reload(std::move(options), key);
}

// With reloading_ held. The options become ours once they have led to something that all accept.
Reload Configuration::reload(LoadOptions options, std::string_view must_change) {
  const runtime::Pin pin = published_->pin();
  const Generation& before = published_->value(pin);
  Reload result{.generation = pin.number()};
  auto next = std::make_unique<Generation>(bind_next(options, before, result.needs_restart));
  const std::string below = std::string(must_change) + ".";
  if (!must_change.empty() && std::ranges::any_of(result.needs_restart, [&](const std::string& key) {
        return key == must_change || key.starts_with(below);
      }))
    throw Error(Code::failed_precondition, std::string(must_change) + " cannot change while the program runs");
  if (next->tree.same_as(before.tree)) return options_ = std::move(options), result;
  const std::vector<Prepared> prepared = prepare(*next);
  options_ = std::move(options);
  const runtime::ShieldScope shield;  // from here on there is no way back
  published_->publish(std::move(next));
  for (const Prepared& each : prepared) carry_out(each);
  result.generation = published_->number();
  result.changed = true;
  return result;
}

}  // namespace marty::config
