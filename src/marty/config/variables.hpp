// Variables: environment variables, handed in like everything else that comes from outside.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace marty::config {

using Variables = std::map<std::string, std::string, std::less<>>;

// Those of this process.
Variables environment_variables();

// One of them; "" where it is not set, which for a setting is the same as set to nothing.
std::string value_of(const Variables& variables, std::string_view name);
// An option of the configuration, or where that is absent the variable that stands in for it.
std::string option_or(const std::optional<std::string>& option, const Variables& variables, std::string_view name);

}  // namespace marty::config
