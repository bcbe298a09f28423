#include "marty/http/internal/http2_fields.hpp"

namespace marty::http::internal {

// Response::add_header() wrote the lines, so both searches end.
Http2Fields& Http2Fields::add_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t colon = lines.find(':');
    const std::size_t end = lines.find('\r', colon);
    add(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
  return *this;
}

}  // namespace marty::http::internal
