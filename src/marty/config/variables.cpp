#include "marty/config/variables.hpp"

#include <unistd.h>

#include <string_view>

namespace marty::config {

Variables environment_variables() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string value_of(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

std::string option_or(const std::optional<std::string>& option, const Variables& variables, std::string_view name) {
  return option ? *option : value_of(variables, name);
}

}  // namespace marty::config
