#include "marty/base/decimal.hpp"

#include <algorithm>

#include "marty/base/error.hpp"

namespace marty {
namespace {

__extension__ using Units = __int128;

constexpr Units power_of_ten(int exponent) {
  Units power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}
constexpr std::uint64_t kGroupScale = 1'000'000'000'000'000'000;
constexpr Units kLimit = power_of_ten(Decimal::kMaxDigits);  // 10^34 < 2^127

[[noreturn]] void too_many_digits() {
  throw Error(Code::out_of_range, "Decimal: the result needs more than 34 digits; round its operands first");
}

// units * 10^places. Gives false for more than 34 digits.
bool shift(Units& units, int places) {
  if (units == 0) return true;
  if (places > Decimal::kMaxDigits) return false;
  return !__builtin_mul_overflow(units, power_of_ten(places), &units) && units > -kLimit && units < kLimit;
}

}  // namespace

Decimal Decimal::checked(Units units, int places) {
  if (units <= -kLimit || units >= kLimit || places > kMaxDigits) too_many_digits();
  return Decimal(units, places, nullptr);
}

bool Text<Decimal>::parse(std::string_view text, Decimal& number) {
  const std::optional<Decimal> parsed = Decimal::parse(text);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::size_t places = point == text.size() ? 0 : text.size() - point - 1;
  const bool superfluous_zero = point > 1 && text[0] == '0';
  if (point == 0 || superfluous_zero || (point != text.size() && places == 0)) return std::nullopt;
  if (text.size() > kMaxDigits + 2) return std::nullopt;
  Units units = 0;
  std::uint64_t group = 0, scale = 1;  // up to 18 digits at a time: 64 bits are faster than 128
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    const auto digit = static_cast<unsigned>(text[i] - '0');
    if (digit > 9) return std::nullopt;
    group = group * 10 + digit;
    scale *= 10;
    if (scale < kGroupScale) continue;
    units = units * scale + group;
    group = 0;
    scale = 1;
  }
  units = units * scale + group;
  if (units >= kLimit || places > kMaxDigits) return std::nullopt;
  return Decimal(negative ? -units : units, static_cast<int>(places), nullptr);
}

Decimal::Decimal(std::string_view text) {
  const std::optional<Decimal> parsed = parse(text);
  if (!parsed) {
    throw Error(Code::invalid_argument,
                "\"" + std::string(text) + "\" must be a decimal number of at most 34 digits, such as 12.50");
  }
  *this = *parsed;
}

Decimal Decimal::from_units(std::int64_t units, int places) {
  if (places < 0) throw Error(Code::invalid_argument, "Decimal::from_units: places must be at least 0");
  return checked(units, places);
}

void Decimal::append_to(std::string& out) const {
  char digits[kMaxDigits + 4];
  char* const end = std::end(digits);
  char* p = end;
  __extension__ using Magnitude = unsigned __int128;
  Magnitude rest = static_cast<Magnitude>(units_ < 0 ? -units_ : units_);
  int written = 0;
  const auto put = [&](unsigned digit) {
    if (written == places_ && places_ != 0) *--p = '.';
    *--p = static_cast<char>('0' + digit);
    ++written;
  };
  for (; rest > UINT64_MAX; rest /= 10) put(static_cast<unsigned>(rest % 10));
  // Dividing 64 bits is ten times as fast, and enough for most.
  for (auto low = static_cast<std::uint64_t>(rest); low != 0 || written <= places_; low /= 10) {
    put(static_cast<unsigned>(low % 10));
  }
  if (units_ < 0) *--p = '-';
  out.append(p, static_cast<std::size_t>(end - p));
}

std::string Decimal::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

Decimal Decimal::rounded(int places) const {
  if (places < 0) throw Error(Code::invalid_argument, "Decimal::rounded: places must be at least 0");
  if (places >= places_) {
    Units units = units_;
    if (!shift(units, places - places_)) too_many_digits();
    return checked(units, places);
  }
  const Units unit = power_of_ten(places_ - places);
  Units quotient = units_ / unit;
  const Units rest = units_ % unit, twice = (rest < 0 ? -rest : rest) * 2;
  if (twice > unit || (twice == unit && quotient % 2 != 0)) quotient += units_ < 0 ? -1 : 1;
  return checked(quotient, places);
}

Decimal Decimal::operator-() const { return Decimal(-units_, places_, nullptr); }

Decimal operator+(const Decimal& left, const Decimal& right) {
  const int places = std::max(left.places_, right.places_);
  Units a = left.units_, b = right.units_;
  if (!shift(a, places - left.places_) || !shift(b, places - right.places_)) too_many_digits();
  return Decimal::checked(a + b, places);
}

Decimal operator-(const Decimal& left, const Decimal& right) { return left + -right; }

Decimal operator*(const Decimal& left, const Decimal& right) {
  Units product = 0;
  if (__builtin_mul_overflow(left.units_, right.units_, &product)) too_many_digits();
  return Decimal::checked(product, left.places_ + right.places_);
}

std::weak_ordering operator<=>(const Decimal& left, const Decimal& right) {
  const int places = std::max(left.places_, right.places_);
  Units a = left.units_, b = right.units_;
  // At most one of them is shifted. If it leaves the limit, its magnitude is the larger one.
  if (!shift(a, places - left.places_)) return left.sign() <=> 0;
  if (!shift(b, places - right.places_)) return 0 <=> right.sign();
  return a <=> b;
}

}  // namespace marty
