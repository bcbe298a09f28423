#include "marty/config/units.hpp"

#include <array>
#include <limits>
#include <optional>

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

}  // namespace marty
