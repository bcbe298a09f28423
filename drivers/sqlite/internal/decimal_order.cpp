#include "sqlite/internal/decimal_order.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace marty::sqlite::internal {
namespace {

// [-] digits [. digits], taken apart: the whole part without leading, the fraction without trailing zeros.
struct Decimal {
  bool valid = false;
  bool negative = false;
  std::string_view whole, fraction;
};

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Decimal take_apart(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  const auto point = text.find('.');
  decimal.whole = text.substr(0, point);
  if (point != std::string_view::npos) decimal.fraction = text.substr(point + 1);
  decimal.valid = !decimal.whole.empty() && all_digits(decimal.whole) && all_digits(decimal.fraction);
  while (decimal.whole.starts_with('0')) decimal.whole.remove_prefix(1);
  while (decimal.fraction.ends_with('0')) decimal.fraction.remove_suffix(1);
  if (decimal.whole.empty() && decimal.fraction.empty()) decimal.negative = false;  // -0 is 0
  return decimal;
}

int sign(int comparison) { return comparison < 0 ? -1 : comparison > 0 ? 1 : 0; }

int compare_magnitudes(const Decimal& left, const Decimal& right) {
  if (left.whole.size() != right.whole.size()) return left.whole.size() < right.whole.size() ? -1 : 1;
  if (const int whole = left.whole.compare(right.whole); whole != 0) return sign(whole);
  return sign(left.fraction.compare(right.fraction));
}

}  // namespace

int compare_decimals(void*, int left_size, const void* left, int right_size, const void* right) noexcept {
  const std::string_view left_text(static_cast<const char*>(left), static_cast<std::size_t>(left_size));
  const std::string_view right_text(static_cast<const char*>(right), static_cast<std::size_t>(right_size));
  const Decimal a = take_apart(left_text);
  const Decimal b = take_apart(right_text);
  if (!a.valid || !b.valid) {
    if (a.valid != b.valid) return a.valid ? -1 : 1;
    return sign(left_text.compare(right_text));
  }
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

}  // namespace marty::sqlite::internal
