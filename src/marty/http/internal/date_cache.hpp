// The Date header (RFC 9110 section 6.6.1), formatted once a second. One per loop.
#pragma once

#include <string_view>

#include "marty/runtime/time.hpp"

namespace marty::http::internal {

class DateCache {
 public:
  // "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n": the beginning of most replies.
  std::string_view ok_and_date() {
    if (runtime::coarse_now() >= next_) refresh();
    return {text_, kSize};
  }
  std::string_view value() { return ok_and_date().substr(kStatusLine.size() + 6, 29); }  // of the header alone
  std::string_view date() { return ok_and_date().substr(kStatusLine.size()); }

 private:
  static constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";
  static constexpr std::size_t kSize = kStatusLine.size() + 37;

  void refresh();

  runtime::TimePoint next_ = runtime::TimePoint::min();
  char text_[kSize];
};

// Writes the 29 bytes of an IMF-fixdate.
void write_http_date(char* to, Timestamp time);

}  // namespace marty::http::internal
