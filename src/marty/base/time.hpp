// Timestamp: a point in time in UTC, to the microsecond; text is RFC 3339.
//
//   Timestamp at = *parse_timestamp("2026-01-31T09:30:00+01:00");
//   format_timestamp(at);                                       // "2026-01-31T08:30:00Z"
//
// It is a std::chrono type: at + std::chrono::hours(1). A source that calculates with years and months includes
// <chrono> itself: here only the core of it is, which costs a tenth of the compile time.
#pragma once

#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
#include <optional>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"

namespace marty {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// RFC 3339 date-time: "T" and "Z" of either case, any offset, any number of digits of fraction (behind the sixth they
// are cut off). Nothing for anything else, such as a day that the month does not have, a leap second, or an offset that
// leads out of the years 0 to 9999.
std::optional<Timestamp> parse_timestamp(std::string_view text);

// In UTC with "Z", and with no fraction, three or six digits of it, as needed. Throws Error(out_of_range) outside of
// the years 0 to 9999.
std::string format_timestamp(Timestamp time);
void append_timestamp(std::string& out, Timestamp time);

template <>
struct Text<Timestamp> {
  static constexpr std::string_view format = "date-time";
  static constexpr std::string_view expected = "a date and time such as 2026-01-31T09:30:00Z";
  static constexpr bool plain = true;
  static void append(std::string& out, const Timestamp& time) { append_timestamp(out, time); }
  static bool parse(std::string_view text, Timestamp& time);
};

}  // namespace marty
