// The text of a document with a member a line, for files that people read and compare.
//
//   runtime::write_file("openapi.json", json::indented(document));
//
// Two spaces a level, members in their order, a newline at the end (RFC 8259 section 2 allows it).
#pragma once

#include <string>

#include "marty/json/value.hpp"

namespace marty::json {

std::string indented(const Value& value);

}  // namespace marty::json
