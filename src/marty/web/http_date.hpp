// Dates of HTTP headers (RFC 9110 section 5.6.7).
//
//   format_http_date(time);                                     // "Sun, 06 Nov 1994 08:49:37 GMT"
//   parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT");          // the two obsolete forms are read too
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "marty/base/time.hpp"

namespace marty::web {

// Whole seconds; the fraction is cut off.
std::string format_http_date(Timestamp time);
// Nothing for anything else than the three forms. The name of the day is not compared with the date. `now` decides the
// century of a year of two digits: none more than 50 years ahead.
std::optional<Timestamp> parse_http_date(std::string_view text, Timestamp now);

}  // namespace marty::web
