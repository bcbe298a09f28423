#include "marty/config/internal/environment.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"

namespace marty::config::internal {

std::string choose_environment(const LoadOptions& options) {
  const auto variable = options.variables.find("MARTY_ENV");
  const bool from_variable =
      options.environment.empty() && variable != options.variables.end() && !variable->second.empty();
  const std::string chosen = !options.environment.empty() ? options.environment
                             : from_variable              ? variable->second
                                                          : "development";
  if (std::ranges::find(kEnvironments, chosen) != kEnvironments.end()) return chosen;
  std::string message = from_variable ? "MARTY_ENV" : "the environment";
  message += " must be one of development, testing, staging, production, not \"" + chosen + "\"";
  if (const auto near = nearest(chosen, kEnvironments)) message += "; did you mean " + std::string(*near) + "?";
  throw Error(Code::invalid_argument, std::move(message));
}

}  // namespace marty::config::internal
