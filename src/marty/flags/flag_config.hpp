// FlagConfig: one flag as it is configured.
//
//   feature_flags:
//     old_style: true                                                     # on for all
//     new_checkout: {percentage: 25, users: [ann], cohorts: [beta]}       # on for ann, for beta and for 25 % of all
//     new_search: {enabled: false, percentage: 50}                        # off for all
//
// The whole section changes at run time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "marty/reflect/type_of.hpp"

namespace marty::flags {

// See above. With neither percentage nor users nor cohorts it is on for all.
struct FlagConfig {
  bool enabled = true;
  std::optional<double> percentage;
  std::vector<std::string> users;
  std::vector<std::string> cohorts;
  std::string description;

  static constexpr auto rules = marty::rules(
      marty::field<&FlagConfig::enabled>.description("Off: for all, whatever else stands here"),
      marty::field<&FlagConfig::percentage>.range(0, 100).description("Of the users, to two decimals"),
      marty::field<&FlagConfig::users>.optional().max_items(10'000).description("Who has it in any case"),
      marty::field<&FlagConfig::cohorts>.optional().max_items(1'000).description("Groups that have it in any case"),
      marty::field<&FlagConfig::description>.optional().description("What it is for"));
  void check(Problems& problems) const;
};

// The section feature_flags.
using FlagConfigs = std::map<std::string, std::variant<bool, FlagConfig>>;

}  // namespace marty::flags
