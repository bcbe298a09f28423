// What stands between the pages and a browser that other sites use, too: see admin.hpp.
#pragma once

#include "marty/http/message.hpp"
#include "marty/web/filter.hpp"

namespace marty::admin::internal {

// Throws permission_denied for a request that should not be answered.
void check_origin(const http::Request& request);

// An edge filter: checks, and sets the headers that keep an answer to itself.
void guard(http::Request& request, http::Response& response, web::Next next);

}  // namespace marty::admin::internal
