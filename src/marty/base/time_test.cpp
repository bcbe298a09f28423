#include "marty/base/time.hpp"

#include <chrono>

#include "marty/base/error.hpp"

namespace marty {
namespace {

std::string round_trip(std::string_view text) {
  const std::optional<Timestamp> time = parse_timestamp(text);
  return time ? format_timestamp(*time) : "refused";
}

TEST(Timestamp, an_offset_is_taken_into_account_and_written_as_utc) {
  EXPECT_EQ(round_trip("2026-01-31T09:30:00Z"), "2026-01-31T09:30:00Z");
  EXPECT_EQ(round_trip("2026-01-31T09:30:00+01:00"), "2026-01-31T08:30:00Z");
  EXPECT_EQ(round_trip("2026-01-01T00:30:00+01:00"), "2025-12-31T23:30:00Z");
  EXPECT_EQ(round_trip("1985-04-12t23:20:50.52-08:00"), "1985-04-13T07:20:50.520Z");
}

TEST(Timestamp, a_fraction_is_written_with_three_or_six_digits_and_cut_off_behind_the_sixth) {
  EXPECT_EQ(round_trip("2026-01-31T09:30:00.5Z"), "2026-01-31T09:30:00.500Z");
  EXPECT_EQ(round_trip("2026-01-31T09:30:00.000001Z"), "2026-01-31T09:30:00.000001Z");
  EXPECT_EQ(round_trip("2026-01-31T09:30:00.123456789Z"), "2026-01-31T09:30:00.123456Z");
  EXPECT_EQ(round_trip("2026-01-31T09:30:00.000Z"), "2026-01-31T09:30:00Z");
  // time-secfrac = "." 1*DIGIT (RFC 3339 section 5.6)
  EXPECT_EQ(round_trip("2026-01-31T09:30:00.1234567890Z"), "2026-01-31T09:30:00.123456Z");
  EXPECT_EQ(round_trip("2026-01-31T09:30:00." + std::string(10'000, '9') + "Z"), "2026-01-31T09:30:00.999999Z");
}

TEST(Timestamp, times_before_1970_and_leap_days_are_right) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), Timestamp());
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(round_trip("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00Z");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
  EXPECT_EQ(round_trip("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
}

TEST(Timestamp, what_is_not_rfc_3339_is_refused) {
  for (const std::string_view text :
       {"", "2026-01-31", "2026-01-31T09:30:00", "2026-01-31 09:30:00Z", "2026-01-31T09:30Z", "2026-1-31T09:30:00Z",
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z", "2026-01-31T23:59:60Z", "2026-01-31T09:30:00.Z",
        "2026-01-31T09:30:00+0100", "2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00Zx", "+026-01-31T09:30:00Z",
        "2026-01-31T09:30:00,5Z"}) {
    EXPECT_EQ(round_trip(text), "refused") << text;
  }
}

TEST(Timestamp, an_offset_that_leads_out_of_the_years_with_four_digits_is_refused) {
  EXPECT_EQ(round_trip("0000-01-01T00:59:59+01:00"), "refused");
  EXPECT_EQ(round_trip("0000-01-01T01:00:00+01:00"), "0000-01-01T00:00:00Z");
  EXPECT_EQ(round_trip("9999-12-31T23:00:00-01:00"), "refused");
  EXPECT_EQ(round_trip("9999-12-31T22:59:59.999999-01:00"), "9999-12-31T23:59:59.999999Z");
}

TEST(Timestamp, a_year_without_four_digits_cannot_be_written) {
  EXPECT_THROW(format_timestamp(Timestamp::max()), Error);
  EXPECT_THROW(format_timestamp(Timestamp::min()), Error);
  const Timestamp last = *parse_timestamp("9999-12-31T23:59:59.999999Z");
  EXPECT_THROW(format_timestamp(last + std::chrono::microseconds(1)), Error);
}

}  // namespace
}  // namespace marty
