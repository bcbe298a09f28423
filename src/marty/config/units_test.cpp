#include "marty/config/units.hpp"

#include <gtest/gtest.h>

#include "marty/base/error.hpp"

#include <optional>

namespace marty::config {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::nanoseconds> duration(std::string_view text) {
  Duration value;
  return Text<Duration>::parse(text, value) ? std::optional(value.value()) : std::nullopt;
}

std::optional<std::uint64_t> size(std::string_view text) {
  Size value;
  return Text<Size>::parse(text, value) ? std::optional(value.bytes()) : std::nullopt;
}

template <class T>
std::string written(const T& value) {
  std::string text;
  Text<T>::append(text, value);
  return text;
}

TEST(Duration, reads_numbers_with_units) {
  EXPECT_EQ(duration("250ms"), 250ms);
  EXPECT_EQ(duration("10s"), 10s);
  EXPECT_EQ(duration("5m"), 5min);
  EXPECT_EQ(duration("1h30m"), 90min);
  EXPECT_EQ(duration("1.5s"), 1500ms);
  EXPECT_EQ(duration("0.1us"), 100ns);
  EXPECT_EQ(duration("2d"), 48h);
  EXPECT_EQ(duration("0s"), 0s);
  EXPECT_EQ(duration("7ns"), 7ns);
}

TEST(Duration, refuses_what_is_not_exactly_a_duration) {
  for (const std::string_view text : {"", "10", "s", "-1s", "+1s", "1 s", "1s ", "1.s", ".5s", "1.2.3s", "1S", "1sec",
                                      "0.5ns", "1e3s", "1s-", "300000d", "9999999999999999999s", "106751d24h", "١s"}) {
    EXPECT_EQ(duration(text), std::nullopt) << text;
  }
}

TEST(Duration, is_written_in_the_largest_unit_that_fits) {
  EXPECT_EQ(written(Duration(90s)), "90s");
  EXPECT_EQ(written(Duration(120s)), "2m");
  EXPECT_EQ(written(Duration(1500ms)), "1500ms");
  EXPECT_EQ(written(Duration(0s)), "0s");
  EXPECT_EQ(written(Duration(1ns)), "1ns");
}

TEST(Size, reads_binary_and_decimal_units) {
  EXPECT_EQ(size("512B"), 512u);
  EXPECT_EQ(size("64KiB"), 65536u);
  EXPECT_EQ(size("16MiB"), 16u << 20);
  EXPECT_EQ(size("1.5GiB"), 3u << 29);
  EXPECT_EQ(size("2kB"), 2000u);
  EXPECT_EQ(size("3MB"), 3'000'000u);
  EXPECT_EQ(size("0B"), 0u);
}

TEST(Size, refuses_what_is_not_exactly_a_size) {
  for (const std::string_view text :
       {"", "10", "1K", "1KB", "1kib", "-1B", "0.5B", "1 MiB", "1MiB1KiB", "99999999999GiB"}) {
    EXPECT_EQ(size(text), std::nullopt) << text;
  }
}

TEST(Size, is_written_in_the_largest_unit_that_fits) {
  EXPECT_EQ(written(Size(16 << 20)), "16MiB");
  EXPECT_EQ(written(Size(2000)), "2kB");
  EXPECT_EQ(written(Size(1001)), "1001B");
  EXPECT_EQ(written(Size()), "0B");
}

template <class T>
std::string read_and_written(std::string_view text) {
  T value;
  if (!Text<T>::parse(text, value)) return "refused";
  std::string out;
  Text<T>::append(out, value);
  return out;
}

TEST(Rate, has_a_count_and_a_period) {
  for (const char* text : {"100/second", "5/minute", "1000/hour", "0/day"})
    EXPECT_EQ(read_and_written<Rate>(text), text);
  for (const char* text :
       {"", "5", "5/", "/minute", "5/minutes", "-5/minute", "5.5/minute", "5 / minute", "99999999999999999999/second"})
    EXPECT_EQ(read_and_written<Rate>(text), "refused") << text;
  EXPECT_EQ(Rate(5, Per::hour).period(), std::chrono::hours(1));
}

TEST(Url, has_a_scheme_and_a_host_and_nothing_secret) {
  for (const char* text : {"https://stock.example/api?x=1", "nats://10.0.0.1:4222", "http://[::1]:8080/", "a+b://c"})
    EXPECT_EQ(read_and_written<Url>(text), text);
  EXPECT_EQ(read_and_written<Url>("HTTPS://Example.org"), "https://Example.org");
  for (const char* text : {"", "stock.example", "/path", "http://", "http:///path", "http://:80", "http://ann@db/x",
                           "http://ann:hunter2@db", "://x", "1x://y", "http://a b", "http://h:abc", "http://[::1",
                           "http://h:99999", "http://h]:1", "http://h:-1", "http://h:0", "urn://", "mailto:a://b"})
    EXPECT_EQ(read_and_written<Url>(text), "refused") << text;
  const Url url("http://[::1]:8080/x");
  EXPECT_EQ(url.scheme(), "http");
  EXPECT_EQ(url.host(), "[::1]");
  EXPECT_EQ(Url("https://db:5432").host(), "db");
  EXPECT_THROW(Url("db"), Error);
}

}  // namespace
}  // namespace marty::config
