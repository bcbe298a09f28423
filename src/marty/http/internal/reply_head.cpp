#include "marty/http/internal/reply_head.hpp"

#include <charconv>

#include "marty/http/internal/put.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kMaxFixedBytes = 256;  // all of a head but the response's own headers

char* put(char* at, std::uint64_t number) { return std::to_chars(at, at + 20, number).ptr; }

}  // namespace

void append_reply_head(OutputBuffer& output, DateCache& date, const ReplyHead& head) {
  char* at = output.reserve(kMaxFixedBytes + head.headers.size());
  if (head.status == 200) {
    at = put(at, date.ok_and_date());
  } else {
    at = put(at, "HTTP/1.1 ");
    at = put(at, static_cast<std::uint64_t>(head.status));
    at = put(at, " ");
    at = put(at, reason_phrase(head.status));
    at = put(at, "\r\n");
    at = put(at, date.date());
  }
  at = put(at, head.headers);
  if (head.framing == Framing::length) {
    at = put(at, "Content-Length: ");
    at = put(at, head.length);
    at = put(at, "\r\n");
  } else if (head.framing == Framing::chunked) {
    at = put(at, "Transfer-Encoding: chunked\r\n");
  }
  if (!head.keep_alive) {
    at = put(at, "Connection: close\r\n");
  } else if (head.version_minor == 0) {
    at = put(at, "Connection: keep-alive\r\n");
  }
  output.advance_to(put(at, "\r\n"));
}

}  // namespace marty::http::internal
