#include "marty/web/http_date.hpp"

#include <chrono>

namespace marty::web {
namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_digits(std::string& out, int value, int digits) {
  const std::string text = std::to_string(value);
  out.append(std::size_t(std::max(0, digits - int(text.size()))), '0').append(text);
}

// Takes a fixed form apart, piece by piece.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}
  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool month(int& value) {
    for (value = 1; value <= 12; ++value) {
      if (literal(kMonths[value - 1])) return true;
    }
    return false;
  }
  bool clock(int& hour, int& minute, int& second) {
    return number(2, hour) && literal(":") && number(2, minute) && literal(":") && number(2, second);
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// "06 Nov 1994 08:49:37 GMT"
bool read_fixed(DateReader date, Parts& p) {
  return date.number(2, p.day) && date.literal(" ") && date.month(p.month) && date.literal(" ") &&
         date.number(4, p.year) && date.literal(" ") && date.clock(p.hour, p.minute, p.second) &&
         date.literal(" GMT") && date.done();
}

// "06-Nov-94 08:49:37 GMT"
bool read_rfc850(DateReader date, Parts& p, int year_now) {
  if (!(date.number(2, p.day) && date.literal("-") && date.month(p.month) && date.literal("-") &&
        date.number(2, p.year) && date.literal(" ") && date.clock(p.hour, p.minute, p.second) && date.literal(" GMT") &&
        date.done())) {
    return false;
  }
  p.year += year_now / 100 * 100;
  if (p.year > year_now + 50) p.year -= 100;
  return true;
}

// "Nov  6 08:49:37 1994"
bool read_asctime(DateReader date, Parts& p) {
  if (!date.month(p.month) || !date.literal(" ")) return false;
  if (!(date.literal(" ") ? date.number(1, p.day) : date.number(2, p.day))) return false;
  return date.literal(" ") && date.clock(p.hour, p.minute, p.second) && date.literal(" ") && date.number(4, p.year) &&
         date.done();
}

}  // namespace

std::string format_http_date(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::string out(kDays[std::chrono::weekday(day).c_encoding()]);
  out += ", ";
  append_digits(out, int(unsigned(date.day())), 2);
  out.append(" ").append(kMonths[unsigned(date.month()) - 1]).append(" ");
  append_digits(out, int(date.year()), 4);
  out += ' ';
  append_digits(out, int(clock.hours().count()), 2);
  out += ':';
  append_digits(out, int(clock.minutes().count()), 2);
  out += ':';
  append_digits(out, int(clock.seconds().count()), 2);
  return out + " GMT";
}

std::optional<Timestamp> parse_http_date(std::string_view text, Timestamp now) {
  using namespace std::chrono;
  Parts p;
  const std::size_t comma = text.find(", ");
  const int year_now = int(year_month_day(floor<days>(now)).year());
  const bool read = comma != std::string_view::npos ? read_fixed(DateReader(text.substr(comma + 2)), p) ||
                                                          read_rfc850(DateReader(text.substr(comma + 2)), p, year_now)
                                                    : text.size() > 4 && read_asctime(DateReader(text.substr(4)), p);
  const year_month_day date{year(p.year), month(unsigned(p.month)), day(unsigned(p.day))};
  if (!read || !date.ok() || p.hour > 23 || p.minute > 59 || p.second > 60) return std::nullopt;
  return sys_days(date) + hours(p.hour) + minutes(p.minute) + seconds(p.second);
}

}  // namespace marty::web
