// Variables: environment variables, handed in like everything else that comes from outside.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace marty::config {

using Variables = std::map<std::string, std::string, std::less<>>;

// Those of this process.
Variables environment_variables();

}  // namespace marty::config
