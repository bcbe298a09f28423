#include "marty/http/internal/field_line.hpp"

namespace marty::http::internal {

std::string_view name_fault(const char* begin, const char* at) noexcept {
  const bool first = begin == at;
  if (*at == '\n') return "a line ends in LF without CR";
  if (*at == ':') return "a header has no name";
  if (is_blank(*at)) return first ? "a header line is folded" : "white space stands before the colon of a header";
  if (*at == '\r') return "a header line has no colon";
  return "a header name holds a character that is not allowed";
}

}  // namespace marty::http::internal
