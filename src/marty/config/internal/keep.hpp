// What must not change while the program runs stays as it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/config/internal/node.hpp"
#include "marty/reflect/type.hpp"

namespace marty::config::internal {

// Puts what `before` says into `root`, below `section`, for every field of `type` that is not declared reloadable.
// Returns the keys for which `root` said something else. What no field knows is left alone.
std::vector<std::string> keep_unchangeable(const reflect::Type& type, const std::string& section, bool reloadable,
                                           Node& root, const Node& before);

// The same for a whole section, whatever is in it: puts what `before` says in its place, or removes it.
void keep_section(const std::string& section, Node& root, const Node& before);

bool has_reloadable(const reflect::Type& type);

}  // namespace marty::config::internal
