// Lists and sections written as one text, which is all that an environment variable can hold.
#pragma once

#include <string>
#include <string_view>

#include "marty/config/internal/merge.hpp"
#include "marty/config/internal/node.hpp"

namespace marty::config::internal {

// Makes of a text from a variable or a reference what a setting of that form wants, in place: "[a, b]" and "{a: 1}" are
// YAML, "a, b" is a list; where an item of it is quoted, by YAML's rules. Any other stays as it is. Returns what is
// wrong, or "".
std::string read_loose(Node& node, Form form);

// Whether it is "{a: 1}", or meant to be.
bool begins_as_section(std::string_view text);

}  // namespace marty::config::internal
