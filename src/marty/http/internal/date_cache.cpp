#include "marty/http/internal/date_cache.hpp"

#include <chrono>
#include <cstring>

namespace marty::http::internal {
namespace {

void write_digits(char* to, unsigned number, int count) {
  for (int i = count - 1; i >= 0; --i, number /= 10) to[i] = static_cast<char>('0' + number % 10);
}

}  // namespace

void write_http_date(char* to, Timestamp time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::memcpy(to, "Sun, 00 Jan 0000 00:00:00 GMT", 29);
  std::memcpy(to, "SunMonTueWedThuFriSat" + 3 * weekday(day).c_encoding(), 3);
  write_digits(to + 5, static_cast<unsigned>(date.day()), 2);
  std::memcpy(to + 8, "JanFebMarAprMayJunJulAugSepOctNovDec" + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  write_digits(to + 12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  write_digits(to + 17, static_cast<unsigned>(clock.hours().count()), 2);
  write_digits(to + 20, static_cast<unsigned>(clock.minutes().count()), 2);
  write_digits(to + 23, static_cast<unsigned>(clock.seconds().count()), 2);
}

void DateCache::refresh() {
  const Timestamp wall = runtime::wall_now();
  const auto second = std::chrono::floor<std::chrono::seconds>(wall);
  std::memcpy(text_, kStatusLine.data(), kStatusLine.size());
  char* const line = text_ + kStatusLine.size();
  std::memcpy(line, "Date: ", 6);
  write_http_date(line + 6, wall);
  std::memcpy(line + 35, "\r\n", 2);
  next_ = runtime::coarse_now() + (std::chrono::seconds(1) - (wall - second));
}

}  // namespace marty::http::internal
