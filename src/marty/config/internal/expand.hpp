// References in values: ${VAR} and ${VAR:-default}, embedded, nested and in lists.
//
// ${VAR} needs the variable; ${VAR:-default} takes the default, which may hold references itself, when the variable is
// not set or empty. $${ stands for a plain "${".
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "marty/config/variables.hpp"

namespace marty::config::internal {

// The text with every reference replaced, or what is wrong, such as "needs the environment variable DB_HOST, which is
// not set".
std::expected<std::string, std::string> expand(std::string_view text, const Variables& variables);

inline bool has_reference(std::string_view text) { return text.find("${") != std::string_view::npos; }

}  // namespace marty::config::internal
