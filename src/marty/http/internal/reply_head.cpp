#include "marty/http/internal/reply_head.hpp"

namespace marty::http::internal {

void append_reply_head(OutputBuffer& output, DateCache& date, const ReplyHead& head) {
  if (head.status == 200) {
    output.append(date.ok_and_date());
  } else {
    output.append("HTTP/1.1 ");
    output.append_decimal(static_cast<std::size_t>(head.status));
    output.append(" ");
    output.append(reason_phrase(head.status));
    output.append("\r\n");
    output.append(date.date());
  }
  output.append(head.headers);
  if (head.framing == Framing::length) {
    output.append("Content-Length: ");
    output.append_decimal(head.length);
    output.append("\r\n");
  } else if (head.framing == Framing::chunked) {
    output.append("Transfer-Encoding: chunked\r\n");
  }
  if (!head.keep_alive) {
    output.append("Connection: close\r\n\r\n");
  } else if (head.version_minor == 0) {
    output.append("Connection: keep-alive\r\n\r\n");
  } else {
    output.append("\r\n");
  }
}

}  // namespace marty::http::internal
