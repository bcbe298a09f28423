// Which of the four environments this is.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "marty/config/config.hpp"

namespace marty::config::internal {

inline constexpr std::array<std::string_view, 4> kEnvironments = {"development", "testing", "staging", "production"};

// Throws Error(invalid_argument) where it is none of these.
std::string choose_environment(const LoadOptions& options);

}  // namespace marty::config::internal
