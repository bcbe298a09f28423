#include "marty/base/time.hpp"

#include <chrono>

#include "marty/base/error.hpp"

namespace marty {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Reads what has a fixed number of digits, and remembers that something did not fit.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : p_(text.data()), end_(p_ + text.size()) {}

  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  void expect(char c) { ok_ = accept(c) && ok_; }
  bool accept(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  // The digits of a fraction as microseconds.
  int fraction() {
    int value = 0;
    std::ptrdiff_t count = 0;
    for (; p_ != end_ && is_digit(*p_); ++p_, ++count) {
      if (count < 6) value = value * 10 + (*p_ - '0');
    }
    if (count < 1) ok_ = false;
    for (; count < 6; ++count) value *= 10;
    return value;
  }
  bool finished() const { return ok_ && p_ == end_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int digit() {
    if (p_ != end_ && is_digit(*p_)) return *p_++ - '0';
    ok_ = false;
    return 0;
  }

  const char* p_;
  const char* end_;
  bool ok_ = true;
};

// Whether it lies in the years 0 to 9999. Compared as days: a year type wraps for what is far enough away.
bool has_text(Timestamp time) {
  constexpr std::chrono::sys_days kFirst = std::chrono::year(0) / 1 / 1, kEnd = std::chrono::year(10000) / 1 / 1;
  return time >= kFirst && time < kEnd;
}

void append_digits(char*& p, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) p[i] = static_cast<char>('0' + value % 10);
  p += count;
}

}  // namespace

bool Text<Timestamp>::parse(std::string_view text, Timestamp& time) {
  FieldReader reader(text);
  const int year = reader.digits(4);
  reader.expect('-');
  const int month = reader.digits(2);
  reader.expect('-');
  const int day = reader.digits(2);
  if (!reader.accept('T')) reader.expect('t');
  const int hour = reader.digits(2);
  reader.expect(':');
  const int minute = reader.digits(2);
  reader.expect(':');
  const int second = reader.digits(2);
  const int micros = reader.accept('.') ? reader.fraction() : 0;
  int offset_minutes = 0;
  if (!reader.accept('Z') && !reader.accept('z')) {
    const bool west = reader.accept('-');
    if (!west) reader.expect('+');
    const int offset_hour = reader.digits(2);
    reader.expect(':');
    const int offset_minute = reader.digits(2);
    if (offset_hour > 23 || offset_minute > 59) return false;
    offset_minutes = (west ? -1 : 1) * (offset_hour * 60 + offset_minute);
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!reader.finished() || !date.ok() || hour > 23 || minute > 59 || second > 59) return false;
  const Timestamp read = std::chrono::sys_days(date) + minutes(hour * 60 + minute - offset_minutes) + seconds(second) +
                         microseconds(micros);
  if (!has_text(read)) return false;  // an offset may lead out of the years that can be written again
  time = read;
  return true;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Timestamp time;
  return Text<Timestamp>::parse(text, time) ? std::optional(time) : std::nullopt;
}

void append_timestamp(std::string& out, Timestamp time) {
  const auto day = std::chrono::floor<days>(time);
  if (!has_text(time)) {
    throw Error(Code::out_of_range, "a Timestamp outside of the years 0 to 9999 cannot be written as RFC 3339");
  }
  const std::chrono::year_month_day date(day);
  const auto of_day = static_cast<std::uint64_t>((time - day).count());
  const auto second_of_day = static_cast<unsigned>(of_day / 1'000'000),
             micros = static_cast<unsigned>(of_day % 1'000'000);
  char text[32];
  char* p = text;
  append_digits(p, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *p++ = '-';
  append_digits(p, static_cast<unsigned>(date.month()), 2);
  *p++ = '-';
  append_digits(p, static_cast<unsigned>(date.day()), 2);
  *p++ = 'T';
  append_digits(p, second_of_day / 3600, 2);
  *p++ = ':';
  append_digits(p, second_of_day / 60 % 60, 2);
  *p++ = ':';
  append_digits(p, second_of_day % 60, 2);
  if (micros != 0) {
    *p++ = '.';
    const bool whole_ms = micros % 1000 == 0;
    append_digits(p, whole_ms ? micros / 1000 : micros, whole_ms ? 3 : 6);
  }
  *p++ = 'Z';
  out.append(text, static_cast<std::size_t>(p - text));
}

std::string format_timestamp(Timestamp time) {
  std::string text;
  append_timestamp(text, time);
  return text;
}

}  // namespace marty
