// Every log line that a test program writes is checked against ops/observability/logs/log-line.schema.json:
// marty_test() links this, and a line that does not match fails the test that wrote it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/json/value.hpp"

namespace marty::testing {

// What is wrong with a line by the shipped schema; nothing where it matches. A keyword of the schema that this does not
// know is a problem, too.
std::vector<std::string> problems_of_line(std::string_view line);

// Of the lines that were written since this was last asked, each with its line.
std::vector<std::string> problems_of_new_lines();

const json::Value& log_schema();

}  // namespace marty::testing
