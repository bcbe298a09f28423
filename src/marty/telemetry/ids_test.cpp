#include "marty/telemetry/ids.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>

namespace marty::telemetry {
namespace {

TEST(Ids, writes_the_same_digits_as_printf) {
  std::uint64_t value = 1;
  for (int round = 0; round < 2000; ++round, value = value * 6364136223846793005u + 1442695040888963407u) {
    char expected[17];
    std::snprintf(expected, sizeof expected, "%016llx", static_cast<unsigned long long>(value));
    EXPECT_EQ(to_string(SpanId{value}), expected);
  }
}

TEST(Ids, reads_what_it_wrote) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0x0123456789abcdef}, ~std::uint64_t{0}}) {
    char digits[16];
    write_hex(value, digits);
    std::uint64_t read = 1;
    ASSERT_TRUE(read_hex(digits, read));
    EXPECT_EQ(read, value);
  }
}

TEST(Ids, refuses_every_byte_that_is_no_lowercase_digit) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string digits = "0123456789abcdef";
    digits[7] = static_cast<char>(byte);
    std::uint64_t value = 42;
    const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    EXPECT_EQ(read_hex(digits.data(), value), digit) << byte;
    if (!digit) {
      EXPECT_EQ(value, 42u);
    }
  }
}

TEST(Ids, new_ids_are_valid_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const TraceId trace = new_trace_id();
    const SpanId span = new_span_id();
    EXPECT_TRUE(trace.valid() && span.valid());
    EXPECT_TRUE(seen.insert(to_string(trace)).second && seen.insert(to_string(span)).second);
  }
}

}  // namespace
}  // namespace marty::telemetry
