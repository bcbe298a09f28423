// Duration and Size: configuration values that carry their unit.
//
//   struct ServerConfig {
//     config::Duration idle_timeout = std::chrono::seconds(75);       // idle_timeout: 75s
//     config::Size body_limit = config::Size(16 << 20);               // body_limit: 16MiB
//   };
//
// A value without a unit is refused: nobody has to guess what `timeout: 30` means. Both are marty::Text types, so they
// work in JSON and query parameters too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"
#include "marty/base/time.hpp"

namespace marty::config {

// A time span of at least 0, to the nanosecond.
class Duration {
 public:
  constexpr Duration() = default;
  template <class Rep, class Period>  // any std::chrono duration that fits without loss
  constexpr Duration(std::chrono::duration<Rep, Period> value) : value_(value) {}
  constexpr operator std::chrono::nanoseconds() const { return value_; }
  constexpr std::chrono::nanoseconds value() const { return value_; }
  constexpr bool operator==(const Duration&) const = default;
  constexpr auto operator<=>(const Duration&) const = default;

 private:
  std::chrono::nanoseconds value_{0};
};

// A number of bytes.
class Size {
 public:
  constexpr Size() = default;
  constexpr explicit Size(std::uint64_t bytes) : bytes_(bytes) {}
  constexpr std::uint64_t bytes() const { return bytes_; }
  constexpr bool operator==(const Size&) const = default;
  constexpr auto operator<=>(const Size&) const = default;

 private:
  std::uint64_t bytes_ = 0;
};

}  // namespace marty::config

// Numbers with the units ns, us, ms, s, m, h and d: "250ms", "1.5s", "1h30m", "0s".
template <>
struct marty::Text<marty::config::Duration> {
  static constexpr std::string_view format = "marty-duration";
  static constexpr std::string_view expected = "a duration such as 250ms, 10s or 1h30m";
  static void append(std::string& out, const config::Duration& duration);
  static bool parse(std::string_view text, config::Duration& duration);
};

// A number with the unit B, kB, MB, GB (powers of 1000), KiB, MiB or GiB (of 1024): "64KiB", "1.5GiB", "0B".
template <>
struct marty::Text<marty::config::Size> {
  static constexpr std::string_view format = "marty-size";
  static constexpr std::string_view expected = "a size such as 512B, 64KiB or 16MiB";
  static void append(std::string& out, const config::Size& size);
  static bool parse(std::string_view text, config::Size& size);
};
