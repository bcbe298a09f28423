// One header or trailer line, "name: value" CRLF, as RFC 9112 section 5 has it: shared by requests, replies and
// trailers. Strict: no bare CR or LF, no folded lines, no white space before the colon.
#pragma once

#include "marty/http/internal/characters.hpp"
#include "marty/http/internal/parse_error.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

struct FieldLine {
  Progress progress = Progress::incomplete;
  const char* end = nullptr;  // complete: behind the line; failed: the offending byte
  Header header;              // complete: an empty name says that this was the empty line behind the last header
  std::string_view fault;     // failed: why
};

// Why the byte at `at` cannot go on a field line's name that began at `begin`.
std::string_view name_fault(const char* begin, const char* at) noexcept;

[[gnu::always_inline]] inline FieldLine parse_field_line(const char* begin, const char* end) noexcept {
  FieldLine line;
  if (begin == end) return line;
  const auto fail = [&line](const char* at, std::string_view fault) {
    line.progress = Progress::failed;
    line.end = at;
    line.fault = fault;
    return line;
  };
  const char* at = find_end_of_token(begin, end);
  if (at == end) return line;
  if (*at == ':' && at != begin) {
    line.header.name = {begin, at};
    ++at;
    while (at != end && is_blank(*at)) ++at;
    const char* const value = at;
    at = find_end_of_field(at, end);
    const char* value_end = at;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    line.header.value = {value, value_end};
    if (at == end) return line;
    if (*at != '\r')
      return fail(at, *at == '\n' ? "a line ends in LF without CR" : "a header value holds a control character");
  } else if (at != begin || *at != '\r') {
    return fail(at, name_fault(begin, at));
  }
  if (at + 1 == end) return line;
  if (at[1] != '\n') return fail(at, "a CR stands without LF");
  line.end = at + 2;
  line.progress = Progress::complete;
  return line;
}

}  // namespace marty::http::internal
