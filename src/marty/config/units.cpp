#include "marty/config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "marty/base/authority.hpp"
#include "marty/base/error.hpp"
#include "marty/reflect/formats.hpp"

namespace marty {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t worth;
};

// Largest first, so that what is written uses the largest unit that fits exactly.
constexpr std::array<Unit, 7> kTimes = {{{"d", 86'400'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr std::array<Unit, 7> kSizes = {{{"GiB", 1u << 30},
                                         {"GB", 1'000'000'000},
                                         {"MiB", 1u << 20},
                                         {"MB", 1'000'000},
                                         {"KiB", 1u << 10},
                                         {"kB", 1'000},
                                         {"B", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// Takes "1.5h" off `text`; exact, or nothing.
template <std::size_t N>
std::optional<std::uint64_t> take_quantity(std::string_view& text, const std::array<Unit, N>& units) {
  constexpr std::size_t kMaxDigits = 18;  // whole and fraction together stay within 64 bits
  std::uint64_t digits = 0, scale = 1;
  std::size_t at = 0, count = 0;
  bool fraction = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !fraction && count > 0)); ++at) {
    if (text[at] == '.') {
      fraction = true;
      continue;
    }
    if (++count > kMaxDigits) return std::nullopt;
    digits = digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
    if (fraction) scale *= 10;
  }
  if (count == 0 || text[at - 1] == '.') return std::nullopt;
  std::size_t end = at;
  while (end < text.size() && !is_digit(text[end])) ++end;
  const Unit* const unit = find_unit(units, text.substr(at, end - at));
  if (unit == nullptr) return std::nullopt;
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(digits) * unit->worth;
  if (product % scale != 0 || product / scale > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  text.remove_prefix(end);
  return static_cast<std::uint64_t>(product / scale);
}

template <std::size_t N>
void append_quantity(std::string& out, std::uint64_t value, const std::array<Unit, N>& units, std::string_view zero) {
  if (value == 0) {
    out += zero;
    return;
  }
  for (const Unit& unit : units) {
    if (value % unit.worth != 0) continue;
    out += std::to_string(value / unit.worth);
    out += unit.name;
    return;
  }
}

}  // namespace

void Text<config::Duration>::append(std::string& out, const config::Duration& duration) {
  append_quantity(out, static_cast<std::uint64_t>(duration.value().count()), kTimes, "0s");
}

bool Text<config::Duration>::parse(std::string_view text, config::Duration& duration) {
  std::uint64_t total = 0;
  do {
    const auto part = take_quantity(text, kTimes);
    if (!part || *part > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - total) return false;
    total += *part;
  } while (!text.empty());
  duration = std::chrono::nanoseconds(static_cast<std::int64_t>(total));
  return true;
}

void Text<config::Size>::append(std::string& out, const config::Size& size) {
  append_quantity(out, size.bytes(), kSizes, "0B");
}

bool Text<config::Size>::parse(std::string_view text, config::Size& size) {
  const auto bytes = take_quantity(text, kSizes);
  if (!bytes || !text.empty()) return false;
  size = config::Size(*bytes);
  return true;
}

namespace {

constexpr std::array<std::string_view, 4> kPeriods = {"second", "minute", "hour", "day"};

}  // namespace

void Text<config::Rate>::append(std::string& out, const config::Rate& rate) {
  out += std::to_string(rate.count());
  out += '/';
  out += kPeriods[static_cast<std::size_t>(rate.per())];
}

bool Text<config::Rate>::parse(std::string_view text, config::Rate& rate) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end == text.data() + text.size() || *end != '/') return false;
  const std::string_view period = text.substr(static_cast<std::size_t>(end + 1 - text.data()));
  const auto found = std::find(kPeriods.begin(), kPeriods.end(), period);
  if (found == kPeriods.end()) return false;
  rate = config::Rate(count, static_cast<config::Per>(found - kPeriods.begin()));
  return true;
}

bool Text<config::Url>::parse(std::string_view text, config::Url& url) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || text.find(':') < colon || !reflect::is_uri(text)) return false;
  if (!is_connectable(authority_of(text))) return false;
  url.text_ = text;
  std::transform(url.text_.begin(), url.text_.begin() + static_cast<std::ptrdiff_t>(colon), url.text_.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return true;
}

namespace config {

Url::Url(std::string_view text) {
  if (!Text<Url>::parse(text, *this))
    throw Error(Code::invalid_argument, "must be " + std::string(Text<Url>::expected));
}

std::string_view Url::scheme() const { return std::string_view(text_).substr(0, text_.find(':')); }

std::string_view Url::host() const {
  const std::string_view authority = authority_of(text_);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace config

}  // namespace marty
