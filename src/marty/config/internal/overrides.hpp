// Overrides: the layer of environment variables. MARTY_DATABASE__POOL_SIZE=20 is database.pool_size; where a key has a
// '-', the variable has a '_'. Above it stands what the program sets while it runs.
#pragma once

#include <string>
#include <vector>

#include "marty/config/internal/node.hpp"
#include "marty/config/variables.hpp"

namespace marty::config::internal {

// The layer as a map, in which keys match those of other layers in any spelling, as variables do not tell upper from
// lower case. Of two variables, one for a section and one for a member of it, the latter wins.
Node read_overrides(const Variables& variables);

// What was set at run time, by its key, as a map.
Node read_settings(const Variables& settings);

// The name of the variable that sets a key: "MARTY_DATABASE__POOL_SIZE".
std::string variable_for(std::string_view key);

}  // namespace marty::config::internal
