// statement_error(): an Error about one SQL statement, whose text stands in its cause: logs show causes, replies to
// callers do not.
//
//   throw statement_error(Code::internal, "sqlite: no such column: age", text);
#pragma once

#include <string>
#include <string_view>

#include "marty/base/error.hpp"

namespace marty::data {

// The statement is cut at 500 bytes; an empty one makes an Error without cause.
Error statement_error(Code code, std::string message, std::string_view statement);

}  // namespace marty::data
