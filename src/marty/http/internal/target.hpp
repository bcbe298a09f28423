// The path and query of a request target, as far as they may go on: what RFC 3986 cannot hold is refused in the path,
// where one server's reading of it is another one's hole. In the query stands what browsers send: the URL Standard
// (https://url.spec.whatwg.org, "query percent-encode set") leaves [ ] { } | \ ^ ` and a lone % as they are, and
// whoever reads a query decodes it.
//
//   is_path_and_query("/pets/a%20b?sort[name]=up")  // true
//   is_path_and_query("/pets/a%2")                  // false
#pragma once

#include <string_view>

namespace marty::http::internal {

// Of a text that begins with '/'; without a fragment.
bool is_path_and_query(std::string_view target) noexcept;

}  // namespace marty::http::internal
