// References in values: ${VAR}, ${VAR:-default}, ${SECRET:key} and ${SECRET:key:-default}, embedded, nested and in
// lists.
//
// ${VAR} needs the variable; ${VAR:-default} takes the default, which may hold references itself, when the variable is
// not set or empty. ${SECRET:key} needs the secret, and its default counts where no store has it; the key may hold
// references: ${SECRET:${REGION}/database}. $${ stands for a plain "${". What a variable or a secret holds is taken as
// it is.
//
// What stands in a plugin's own file has its own names: ${PLUGIN_BILLING__VAR} and ${SECRET:plugins/billing/key}.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "marty/config/config.hpp"

namespace marty::config::internal {

struct Expanded {
  std::string text;
  bool has_secret = false;  // then the text is one
};

// The text with every reference replaced, or what is wrong, such as "needs the environment variable DB_HOST, which is
// not set". `find_secret` may be empty: a secret is then what is wrong. `plugin` is the one in whose file the text
// stands.
std::expected<Expanded, std::string> expand(std::string_view text, const Variables& variables,
                                            const FindSecret& find_secret = {}, std::string_view plugin = {});

// The text with something else in the place of the defaults of secrets, as they are secrets, too.
std::string without_secret_defaults(std::string text, std::string_view instead);

inline bool has_reference(std::string_view text) { return text.find("${") != std::string_view::npos; }

}  // namespace marty::config::internal
