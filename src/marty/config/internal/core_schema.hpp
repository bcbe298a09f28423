// The scalars of YAML's core schema (YAML 1.2.2, section 10.3.2) as JSON writes them, which is what types read.
#pragma once

#include <string>
#include <string_view>

#include "marty/json/value.hpp"
#include "marty/reflect/type.hpp"

namespace marty::config::internal {

// As reflect::from_text(), which see; a boolean, integer or number may be written as YAML has it: True, 0x1F90, 0o17,
// +80, .5. Not `.inf` and `.nan`: settings are finite.
std::string read_scalar(const reflect::Type& type, std::string_view text, void* object);

// What a scalar is where no type says it.
json::Value core_value(std::string_view text, bool quoted);

}  // namespace marty::config::internal
