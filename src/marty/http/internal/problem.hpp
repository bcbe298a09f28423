// The minimal problem+json (RFC 9457) that the server itself answers with: {type,title,status,detail,code}.
#pragma once

#include <string_view>

#include "marty/base/error.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

// Replaces whatever the response held.
void set_problem(Response& response, int status, Code code, std::string_view detail);

}  // namespace marty::http::internal
