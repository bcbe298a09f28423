#include "marty/http/internal/reply_parser.hpp"

#include <charconv>

#include "marty/http/internal/field_line.hpp"

namespace marty::http::internal {

Progress ReplyParser::fail(std::string_view fault) {
  fault_ = fault;
  return Progress::failed;
}

Progress ReplyParser::parse(std::string_view bytes) {
  const auto unfinished = [&] {
    if (bytes.size() > kMaxHeadBytes) return fail("the head of the reply is too large");
    line_.searched = bytes.size();
    return Progress::incomplete;
  };
  if (line_.is_unfinished(bytes)) return unfinished();
  if (!status_line_done_) {
    const Progress progress = parse_status_line(bytes);
    if (progress == Progress::incomplete) return unfinished();
    if (progress == Progress::failed) return progress;
  }
  while (true) {
    const FieldLine line = parse_field_line(bytes.data() + line_.begin, bytes.data() + bytes.size());
    if (line.progress == Progress::incomplete) return unfinished();
    if (line.progress == Progress::failed) return fail(line.fault);
    line_.move_to(static_cast<std::size_t>(line.end - bytes.data()));
    if (line.header.name.empty()) break;
    if (head_.headers.size() == kMaxHeaders) return fail("the reply has too many headers");
    head_.headers.push_back(line.header);
    if (!interpret(line.header)) return Progress::failed;
  }
  head_.size = line_.begin;
  return finish() ? Progress::complete : Progress::failed;
}

// "HTTP/1.1 200 OK", "HTTP/1.1 200 " or "HTTP/1.1 200".
Progress ReplyParser::parse_status_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return Progress::incomplete;
  const std::string_view line = bytes.substr(0, end);
  const auto digit = [&line](std::size_t at) { return is_digit(line[at]); };
  if (line.size() < 13 || !line.starts_with("HTTP/1.") || !digit(7) || line[8] != ' ' || !digit(9) || !digit(10) ||
      !digit(11) || line.back() != '\r' || (line.size() > 13 && line[12] != ' ') ||
      !all_in_class(line.substr(12, line.size() - 13), kFieldByte)) {
    return fail("the status line of the reply is not HTTP/1.1");
  }
  head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head_.status < 100) return fail("the status of the reply is none of HTTP");
  version_minor_ = line[7] == '0' ? 0 : 1;
  status_line_done_ = true;
  line_.move_to(end + 1);
  return Progress::complete;
}

bool ReplyParser::interpret(const Header& header) {
  if (header_name_equals(header.name, "connection")) {
    const HeaderList list({&header, 1});
    close_ = close_ || list.contains_token("connection", "close");
    keep_alive_ = keep_alive_ || list.contains_token("connection", "keep-alive");
  } else if (header_name_equals(header.name, "content-length")) {
    const std::string_view value = header.value;
    std::uint64_t length = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) {
      return fail("the Content-Length of the reply is not a number"), false;
    }
    if (head_.content_length && *head_.content_length != length)
      return fail("the reply has two differing Content-Lengths"), false;
    head_.content_length = length;
  } else if (header_name_equals(header.name, "transfer-encoding")) {
    if (head_.chunked || !header_name_equals(header.value, "chunked")) {
      return fail("the reply has a transfer coding other than chunked"), false;
    }
    head_.chunked = true;
  }
  return true;
}

bool ReplyParser::finish() {
  if (head_.chunked && head_.content_length)
    return fail("the reply has both Content-Length and Transfer-Encoding"), false;
  // Who chunks in HTTP/1.0 may have meant it otherwise: nothing behind that reply is to be trusted.
  head_.keep_alive = !close_ && (version_minor_ == 1 || (keep_alive_ && !head_.chunked));
  return true;
}

}  // namespace marty::http::internal
