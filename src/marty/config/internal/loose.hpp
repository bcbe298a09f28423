// Lists and sections written as one text, which is all that an environment variable can hold.
#pragma once

#include <optional>
#include <string>

#include "marty/config/internal/node.hpp"
#include "marty/reflect/type.hpp"

namespace marty::config::internal {

// Reads a scalar that came from the environment as what `type` wants: "[a, b]" and "{a: 1}" as YAML, "a, b" as a list.
// Nothing where it is to be taken as it is; or with `problem` set, where it is malformed.
std::optional<Node> parse_loose(const Node& node, const reflect::Type& type, std::string& problem);

}  // namespace marty::config::internal
