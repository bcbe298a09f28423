#include "marty/flags/flags.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/flags/bucket.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::flags {

using internal::Declared;
using internal::Rule;

namespace {

constexpr std::string_view kSection = "feature_flags";

// As a variable can name it: MARTY_FEATURE_FLAGS__NEW_CHECKOUT.
bool is_flag_name(std::string_view name) {
  bool after_letter = false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (!after_letter || c != '_')) return false;
    after_letter = letter;
  }
  return after_letter;
}

bool contains(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name, std::less<>());
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

Rule rule_of(const FlagConfig& config) {
  if (!config.enabled) return {};
  Rule rule{.on = !config.percentage && config.users.empty() && config.cohorts.empty()};
  rule.targeted = !rule.on;
  rule.buckets = static_cast<std::uint32_t>(std::lround(config.percentage.value_or(0) * (kBuckets / 100)));
  rule.users = sorted(config.users);
  rule.cohorts = sorted(config.cohorts);
  return rule;
}

}  // namespace

void FlagConfig::check(Problems& problems) const {
  const double buckets = percentage.value_or(0) * (kBuckets / 100);
  if (std::abs(buckets - std::round(buckets)) > 1e-6) problems.add("/percentage", "must have at most two decimals");
}

Declared::Declared(std::string flag, std::size_t position, bool initial, telemetry::FlagEvaluations counters)
    : name(std::move(flag)),
      number(position),
      default_value(initial),
      seed(seed_of(name)),
      evaluations(std::move(counters)) {}

bool Flag::enabled(const Subject& subject) const noexcept {
  const bool on = flags_->decide(*declared_, subject);
  (on ? declared_->evaluations.on : declared_->evaluations.off).add();
  return on;
}

Flags::Flags(config::Configuration& configuration, telemetry::Metrics& metrics)
    : configuration_(configuration),
      metrics_(metrics),
      configs_(configuration.section<FlagConfigs>(std::string(kSection), config::Changes::at_run_time)),
      rules_(configuration.derive<Rules>([this](config::Generation& bound) { return make_rules(bound); })) {}

Flag Flags::declare(std::string name, bool default_value) {
  MARTY_CHECK(!configuration_.started());
  if (!is_flag_name(name))
    throw Error(Code::invalid_argument, "\"" + name +
                                            "\" is no flag's name: it has lower-case letters and digits, with single "
                                            "'_' between them");
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    if (known->second->default_value != default_value)
      throw Error(Code::already_exists, "the flag " + name + " is declared with two defaults");
    return Flag(*this, *known->second);
  }
  Declared& declared =
      declared_.emplace_back(name, declared_.size(), default_value, telemetry::flag_evaluations(metrics_, name));
  by_name_.emplace(declared.name, &declared);
  return Flag(*this, declared);
}

Flag Flags::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) throw Error(Code::not_found, unknown(name, "there is no flag " + std::string(name), ""));
  return Flag(*this, *found->second);
}

std::string Flags::unknown(std::string_view name, std::string message, std::string_view prefix) const {
  std::vector<std::string_view> names;
  for (const Declared& declared : declared_) names.push_back(declared.name);
  if (const auto near = nearest(name, names))
    message += "; did you mean " + std::string(prefix) + std::string(*near) + "?";
  return message;
}

Flags::Rules Flags::make_rules(config::Generation& bound) const {
  Rules rules;
  for (const Declared& declared : declared_) rules.push_back({.on = declared.default_value});
  const std::string prefix = std::string(kSection) + ".";
  for (const auto& [name, config] : configs_.in(bound)) {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
      const FlagConfig* const detailed = std::get_if<FlagConfig>(&config);
      rules[found->second->number] = detailed != nullptr ? rule_of(*detailed) : Rule{.on = std::get<bool>(config)};
    } else if (!allow_unknown_) {
      bound.tree.report(prefix + name, unknown(name, "is no flag of this program", prefix));
    }
  }
  return rules;
}

bool Flags::decide(const Declared& flag, const Subject& subject) const noexcept {
  if (const std::int8_t forced = flag.forced.load(std::memory_order_relaxed); forced >= 0) return forced == 1;
  MARTY_CHECK(configuration_.started());
  const Rule& rule = (*rules_)[flag.number];
  if (!rule.targeted) return rule.on;
  const std::string_view user = subject.user ? *subject.user : telemetry::current().user_id.view();
  if (!user.empty() && (contains(rule.users, user) || bucket_of(flag.seed, user) < rule.buckets)) return true;
  return subject.cohorts.any_of([&](std::string_view name) { return contains(rule.cohorts, name); });
}

}  // namespace marty::flags
