// Decimal: an exact decimal number for money and quantities; no binary fraction is ever involved. Outside it is text.
//
//   Decimal price("12.50");
//   Decimal total = price * Decimal(3);           // "37.50": places are kept as in writing by hand
//   total > Decimal("37.4999");                   // compared by value; Decimal("1.0") == Decimal("1")
//
// Up to 34 digits in all, as in IEEE 754 decimal128. Arithmetic that would need more throws Error(out_of_range).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"

namespace marty {

class Decimal {
 public:
  static constexpr int kMaxDigits = 34;

  constexpr Decimal() = default;  // 0
  constexpr explicit Decimal(std::int64_t integer) : units_(integer) {}
  constexpr explicit Decimal(int integer) : units_(integer) {}
  // Throws Error(invalid_argument) for what parse() refuses.
  explicit Decimal(std::string_view text);
  explicit Decimal(const char* text) : Decimal(std::string_view(text)) {}

  // An optional '-', digits without superfluous leading zeros, and optionally '.' and digits: "-0.50". No exponent.
  static std::optional<Decimal> parse(std::string_view text);
  // `units` of 10^-places: from_units(1250, 2) is 12.50.
  static Decimal from_units(std::int64_t units, int places);

  std::string to_string() const;  // as it was written: "12.50", but never "-0"
  void append_to(std::string& out) const;
  int places() const { return places_; }  // digits behind the point
  int sign() const { return units_ < 0 ? -1 : units_ > 0; }

  // To fewer places, half to even; to more places, with zeros.
  Decimal rounded(int places) const;

  Decimal operator-() const;
  friend Decimal operator+(const Decimal& left, const Decimal& right);
  friend Decimal operator-(const Decimal& left, const Decimal& right);
  friend Decimal operator*(const Decimal& left, const Decimal& right);
  Decimal& operator+=(const Decimal& right) { return *this = *this + right; }
  Decimal& operator-=(const Decimal& right) { return *this = *this - right; }

  // Equal numbers are equal, whatever their places.
  friend std::weak_ordering operator<=>(const Decimal& left, const Decimal& right);
  friend bool operator==(const Decimal& left, const Decimal& right) { return (left <=> right) == 0; }

 private:
  __extension__ using Units = __int128;

  constexpr Decimal(Units units, int places, std::nullptr_t) : units_(units), places_(places) {}
  static Decimal checked(Units units, int places);

  Units units_ = 0;  // the number is units_ * 10^-places_
  int places_ = 0;
};

template <>
struct Text<Decimal> {
  static constexpr std::string_view format = "decimal";
  static constexpr std::string_view expected = "a decimal number in quotes, such as \"12.50\"";
  static constexpr bool plain = true;
  static void append(std::string& out, const Decimal& number) { number.append_to(out); }
  static bool parse(std::string_view text, Decimal& number);
};

}  // namespace marty
