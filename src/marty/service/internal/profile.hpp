// What an environment is like where no file and no variable says anything.
#pragma once

#include <string_view>

namespace marty::service {

// As YAML. For one of the four environments.
std::string_view profile(std::string_view environment);

}  // namespace marty::service
