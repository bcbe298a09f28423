// Duration, Size, Rate and Url: configuration values that carry their unit, or their form.
//
//   struct ServerConfig {
//     config::Duration idle_timeout = std::chrono::seconds(75);       // idle_timeout: 75s
//     config::Size body_limit = config::Size(16 << 20);               // body_limit: 16MiB
//     config::Rate sign_ups = config::Rate(5, config::Per::minute);   // sign_ups: 5/minute
//     config::Url upstream;                                           // upstream: https://stock.example/api
//   };
//
// A value without a unit is refused: nobody has to guess what `timeout: 30` means. All are marty::Text types, so they
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

enum class Per : std::uint8_t { second, minute, hour, day };

// How often something may happen.
class Rate {
 public:
  constexpr Rate() = default;
  constexpr Rate(std::uint64_t count, Per per) : count_(count), per_(per) {}
  constexpr std::uint64_t count() const { return count_; }
  constexpr Per per() const { return per_; }
  constexpr std::chrono::seconds period() const {
    constexpr std::int64_t kSeconds[] = {1, 60, 3600, 86'400};
    return std::chrono::seconds(kSeconds[static_cast<std::size_t>(per_)]);
  }
  constexpr bool operator==(const Rate&) const = default;

 private:
  std::uint64_t count_ = 0;
  Per per_ = Per::second;
};

// An absolute URL with a host and perhaps a port to connect to (RFC 3986, base/authority.hpp). One with a user or
// password in it is refused: what is secret has a setting of its own, which is a Secret.
class Url {
 public:
  Url() = default;
  // Throws Error(invalid_argument).
  explicit Url(std::string_view text);
  const std::string& text() const { return text_; }
  std::string_view scheme() const;  // lower case
  std::string_view host() const;    // without a port; an IPv6 address in its brackets
  bool empty() const { return text_.empty(); }
  bool operator==(const Url&) const = default;

 private:
  friend struct marty::Text<Url>;
  std::string text_;
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

// "100/second", "5/minute", "1000/hour", "10000/day".
template <>
struct marty::Text<marty::config::Rate> {
  static constexpr std::string_view format = "marty-rate";
  static constexpr std::string_view expected = "a rate such as 100/second, 5/minute, 1000/hour or 10000/day";
  static void append(std::string& out, const config::Rate& rate);
  static bool parse(std::string_view text, config::Rate& rate);
};

template <>
struct marty::Text<marty::config::Url> {
  static constexpr std::string_view format = "uri";
  static constexpr std::string_view expected = "a URL such as https://example.org/path, without user and password";
  static void append(std::string& out, const config::Url& url) { out += url.text(); }
  static bool parse(std::string_view text, config::Url& url);
};
