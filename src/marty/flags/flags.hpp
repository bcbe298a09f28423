// Feature flags: what a program does for some users and not for others, decided by its configuration while it runs.
//
//   flags::Flags flags(configuration, metrics);
//   const flags::Flag checkout = flags.declare("new_checkout", false);       // off where nothing is configured
//   configuration.start();
//   if (checkout.enabled()) ...                                              // for the user of this request
//   if (checkout.enabled({.user = order.customer, .cohorts = {"beta"}})) ...
//   if (flags.enabled("new_checkout")) ...                                   // by its name: throws where it has none
//   const flags::Forced on = flags.force("new_checkout", true);              // in a test, for a scope
//
// What can be configured says flag_config.hpp, which users a percentage takes bucket.hpp. A request sees the flags of
// one generation of the configuration, from its beginning to its end. An evaluation counts as one of
// mmf_feature_flag_evaluations_total{flag,result}; it takes no lock and allocates nothing.
//
// A flag exists by its declaration: another name in the configuration is an error, unless the flags allow_unknown().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "marty/config/configuration.hpp"
#include "marty/flags/flag_config.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::flags {

// The groups that somebody belongs to: {"beta", "staff"}, or a vector. Refers to them.
class Cohorts {
 public:
  Cohorts() noexcept = default;
  Cohorts(std::initializer_list<std::string_view> names) noexcept : views_(names.begin(), names.size()) {}
  Cohorts(const std::vector<std::string>& names) noexcept : texts_(names) {}

  template <class Predicate>
  bool any_of(Predicate&& predicate) const {
    for (const std::string_view name : views_) {
      if (predicate(name)) return true;
    }
    for (const std::string_view name : texts_) {
      if (predicate(name)) return true;
    }
    return false;
  }

 private:
  std::span<const std::string_view> views_;
  std::span<const std::string> texts_;
};

// For whom a flag is evaluated. Refers to its texts.
struct Subject {
  // A text that stays the same for the same user, or tenant, or device. Absent: the user id of the current context.
  // Empty: nobody, who has no place in a percentage.
  std::optional<std::string_view> user;
  Cohorts cohorts;
};

class Flags;

namespace internal {

// One declared flag.
struct Declared {
  Declared(std::string flag, std::size_t position, bool initial, telemetry::FlagEvaluations counters);

  const std::string name;
  const std::size_t number;
  const bool default_value;
  const std::uint64_t seed;
  telemetry::FlagEvaluations evaluations;
  std::atomic<std::int8_t> forced{-1};  // 0, 1: off, on
};

// What a generation says of one flag.
struct Rule {
  bool on = false;                 // for those that are not named
  bool targeted = false;           // false: `on` for all
  std::uint32_t buckets = 0;       // on for the places below
  std::vector<std::string> users;  // sorted
  std::vector<std::string> cohorts;
};

}  // namespace internal

// One flag. A small value to be copied and kept; REQUIRES that its Flags live.
class Flag {
 public:
  const std::string& name() const noexcept { return declared_->name; }
  // After the start of the configuration, on a fiber.
  bool enabled(const Subject& subject = {}) const noexcept;

 private:
  friend class Flags;
  Flag(const Flags& flags, internal::Declared& declared) : flags_(&flags), declared_(&declared) {}

  const Flags* flags_;
  internal::Declared* declared_;
};

// Fixes a flag for all, as long as it lives: for tests.
class [[nodiscard]] Forced {
 public:
  Forced(const Forced&) = delete;
  Forced& operator=(const Forced&) = delete;
  ~Forced() { flag_.forced.store(before_); }

 private:
  friend class Flags;
  Forced(internal::Declared& flag, bool enabled) : flag_(flag), before_(flag.forced.exchange(enabled ? 1 : 0)) {}

  internal::Declared& flag_;
  const std::int8_t before_;
};

// See above. The configuration and the metrics must outlive it. Declared by one thread, before the configuration
// starts; evaluated on fibers.
class Flags {
 public:
  Flags(config::Configuration& configuration, telemetry::Metrics& metrics);
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // `name` has lower-case letters and digits, with single '_' between them. The same flag again is the same one; throws
  // Error(already_exists) where its default is another, invalid_argument for another kind of name.
  Flag declare(std::string name, bool default_value);
  // The configuration may name flags that are not declared: those of other programs that share it.
  void allow_unknown() noexcept { allow_unknown_ = true; }

  // Throws Error(not_found), with the nearest name, where there is no such flag.
  Flag find(std::string_view name) const;
  bool enabled(std::string_view name, const Subject& subject = {}) const { return find(name).enabled(subject); }
  Forced force(std::string_view name, bool enabled) { return Forced(*find(name).declared_, enabled); }

 private:
  friend class Flag;
  using Rules = std::vector<internal::Rule>;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Rules make_rules(config::Generation& bound) const;
  std::string unknown(std::string_view name, std::string message, std::string_view prefix) const;
  bool decide(const internal::Declared& flag, const Subject& subject) const noexcept;

  config::Configuration& configuration_;
  telemetry::Metrics& metrics_;
  config::Live<FlagConfigs> configs_;
  config::Live<Rules> rules_;
  std::deque<internal::Declared> declared_;
  std::unordered_map<std::string_view, internal::Declared*, Hash, std::equal_to<>> by_name_;
  bool allow_unknown_ = false;
};

}  // namespace marty::flags
