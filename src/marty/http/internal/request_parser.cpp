#include "marty/http/internal/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "marty/base/authority.hpp"
#include "marty/base/strings.hpp"
#include "marty/http/internal/field_line.hpp"
#include "marty/http/internal/target.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kVersionBytes = 8;            // "HTTP/1.1"
constexpr std::size_t kMaxBytesBehindLimit = 1024;  // of a header that is looked at all the same
constexpr std::string_view kRootTarget = "/";
constexpr std::string_view kServerTarget = "*";

}  // namespace

void RequestParser::reset() noexcept {
  head_.method = Method::other;
  head_.method_text = head_.target = head_.authority = {};
  head_.version_minor = 1;
  head_.headers.clear();
  head_.content_length.reset();
  head_.chunked = false;
  head_.expects_continue = false;
  head_.keep_alive = true;
  refusal_.reset();
  base_ = nullptr;
  line_.move_to(0);
  stage_ = Stage::request_line;
  seen_ = 0;
  absolute_target_ = false;
  blank_line_skipped_ = false;
}

Progress RequestParser::parse(std::string_view bytes) {
  if (bytes.data() != base_) relocate(bytes.data());
  if (stage_ == Stage::request_line) {
    const Progress progress = parse_request_line(bytes);
    if (progress != Progress::complete) return progress;
  }
  return parse_headers(bytes);
}

void RequestParser::relocate(const char* base) noexcept {
  if (base_ != nullptr) {
    const auto move = [this, base](std::string_view& view) {
      if (view.data() >= base_ && view.data() <= base_ + line_.begin)
        view = {base + (view.data() - base_), view.size()};
    };
    move(head_.method_text);
    move(head_.target);
    move(head_.authority);
    for (Header& header : head_.headers) {
      move(header.name);
      move(header.value);
    }
  }
  base_ = base;
}

Progress RequestParser::incomplete(std::string_view bytes, std::size_t limit_bytes, const ParseError& too_long) {
  if (bytes.size() > limit_bytes) {
    read_behind_limit(bytes);
    return fail(too_long);
  }
  line_.searched = bytes.size();
  return Progress::incomplete;
}

// What is too long is not read; but a page that is told so cannot read that unless the reply names its origin, which
// stands in a short header behind. As far as it has arrived: the status does not depend on it.
void RequestParser::read_behind_limit(std::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
  const char* at = bytes.data() + line_.begin;
  if (stage_ == Stage::request_line) at = std::find(at, end, '\n');
  if (at != end && *at == '\n') ++at;
  while (head_.headers.size() < limits_.header_count) {
    const FieldLine line = parse_field_line(at, end);
    if (line.progress != Progress::complete || line.header.name.empty()) break;
    const bool is_short = static_cast<std::size_t>(line.end - at) <= kMaxBytesBehindLimit;
    if (interpret(line.header) && is_short) head_.headers.push_back(line.header);
    at = line.end;
  }
}

void RequestParser::refuse_later(const ParseError& error) noexcept {
  if (!refusal_) refusal_ = error;
}

Progress RequestParser::fail(const ParseError& error) {
  error_ = error;
  return Progress::failed;
}

Progress RequestParser::parse_request_line(std::string_view bytes) {
  // The limit is where the line has to have ended; behind it nothing is read, so that the verdict does not depend on
  // how the bytes were cut.
  const char* const line = bytes.data() + line_.begin;
  const std::size_t limit = line_.begin + limits_.line_bytes + 2;
  if (bytes.size() < limit && line_.is_unfinished(bytes)) return Progress::incomplete;
  const char* const end = bytes.data() + std::min(bytes.size(), limit);
  if (line == end) return Progress::incomplete;
  if (*line == '\r' && !blank_line_skipped_) {  // RFC 9112 section 2.2: one empty line before a request is ignored
    if (line + 1 == end) return Progress::incomplete;
    if (line[1] != '\n') return fail(bad_request("a CR stands without LF"));
    blank_line_skipped_ = true;
    line_.begin += 2;
    return parse_request_line(bytes);
  }
  const auto unfinished = [&] { return incomplete(bytes, limit - 1, kTargetTooLong); };

  const char* const method_end = find_end_of_token(line, end);
  if (method_end - line > static_cast<std::ptrdiff_t>(kMaxMethodBytes)) return fail(kMethodTooLong);
  if (method_end == end) return unfinished();
  if (*method_end != ' ' || method_end == line)
    return fail(bad_request("the request line does not begin with a method and a space"));
  head_.method_text = {line, method_end};
  head_.method = parse_method(head_.method_text);

  const char* const target = method_end + 1;
  const char* const target_end = find_end_of_target(target, end);
  if (target_end == end) return unfinished();
  if (*target_end != ' ' || target_end == target) {
    return fail(bad_request("the request line is not a method, a target and a version with one space between them"));
  }

  const char* const version = target_end + 1;
  if (static_cast<std::size_t>(end - version) < kVersionBytes + 2) {
    if (std::memchr(version, '\n', static_cast<std::size_t>(end - version)) == nullptr) return unfinished();
    return fail(bad_request("the request line does not end in an HTTP version"));
  }
  if (!finish_request_line({target, target_end}, version)) return Progress::failed;
  line_.move_to(static_cast<std::size_t>(version + kVersionBytes + 2 - bytes.data()));
  headers_begin_ = line_.begin;
  stage_ = Stage::headers;
  return Progress::complete;
}

// Any version but HTTP/1.1.
bool RequestParser::interpret_version(const char* version) {
  const auto refuse = [this](const ParseError& error) { return fail(error), false; };
  if (std::memcmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]) ||
      version[8] != '\r' || version[9] != '\n') {
    return refuse(bad_request("the request line does not end in an HTTP version and CRLF"));
  }
  if (version[5] != '1') return refuse({505, Code::unimplemented, "only HTTP/1.1 and HTTP/1.0 are spoken here"});
  head_.version_minor = version[7] == '0' ? 0 : 1;  // a higher minor version is spoken to as 1.1 (RFC 9110 section 2.5)
  return true;
}

bool RequestParser::finish_request_line(std::string_view target, const char* version) {
  const auto refuse = [this](const ParseError& error) { return fail(error), false; };
  if (std::memcmp(version, "HTTP/1.1\r\n", 10) == 0) {
    head_.version_minor = 1;
  } else if (!interpret_version(version)) {
    return false;
  }
  if (head_.method == Method::connect) return refuse(kNoTunnels);
  if (target == kServerTarget) {
    if (head_.method != Method::options) return refuse(bad_request("only OPTIONS may have the target *"));
  } else if (target.front() != '/') {
    return reduce_absolute_target(target);
  } else if (!is_path_and_query(target)) {
    return refuse(kBadTarget);
  }
  head_.target = target;
  return true;
}

// "http://host:port/path" (RFC 9112 section 3.2.2): its authority counts instead of Host, the rest is the target.
bool RequestParser::reduce_absolute_target(std::string_view target) {
  const auto refuse = [this](const ParseError& error) { return fail(error), false; };
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos || default_port(target.substr(0, scheme_end)).empty())
    return refuse(bad_request("the request target is neither a path nor an http URL"));
  const std::string_view rest = target.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (!is_authority(authority)) return refuse(kBadHost);
  target = rest.substr(authority.size());
  if (target.empty()) {
    target = head_.method == Method::options ? kServerTarget : kRootTarget;  // RFC 9112 section 3.2.4
  } else {
    if (target.front() == '?') target = completed_target_.assign(kRootTarget).append(target);
    if (!is_path_and_query(target)) return refuse(kBadTarget);
  }
  head_.authority = authority;
  head_.target = target;
  absolute_target_ = true;
  return true;
}

Progress RequestParser::parse_headers(std::string_view bytes) {
  const std::size_t limit = headers_begin_ + limits_.header_bytes + 2;
  if (bytes.size() < limit && line_.is_unfinished(bytes)) return Progress::incomplete;
  const char* const end = bytes.data() + std::min(bytes.size(), limit);
  const char* at = bytes.data() + line_.begin;
  while (true) {
    const FieldLine line = parse_field_line(at, end);
    if (line.progress == Progress::incomplete) {
      line_.begin = static_cast<std::size_t>(at - bytes.data());
      return incomplete(bytes, limit - 1, kHeadersTooLarge);
    }
    if (line.progress == Progress::failed) return fail(bad_request(line.fault));
    at = line.end;
    if (line.header.name.empty()) break;
    if (head_.headers.size() == limits_.header_count) return fail(kTooManyHeaders);
    if (interpret(line.header)) head_.headers.push_back(line.header);
  }
  line_.begin = head_.size = static_cast<std::size_t>(at - bytes.data());
  return finish_head() ? Progress::complete : Progress::failed;
}

// False: it is not to be seen, not even by who writes the refusal.
bool RequestParser::interpret(const Header& header) {
  switch (header.name.size()) {
    case 4:
      return !token_is(header.name, "host") || interpret_host(header.value);
    case 6:
      if (!token_is(header.name, "expect")) return true;
      for (const std::string_view expectation : ListField(header.value)) {
        if (!header_name_equals(expectation, "100-continue")) refuse_later(kUnknownExpectation);
        seen_ |= kExpectSeen;
      }
      return true;
    case 10:
      if (token_is(header.name, "connection")) interpret_connection(header.value);
      return true;
    case 14:
      if (token_is(header.name, "content-length")) interpret_content_length(header.value);
      return true;
    case 17:
      if (token_is(header.name, "transfer-encoding")) interpret_transfer_encoding(header.value);
      return true;
    default:
      return true;
  }
}

// Empty where the target has no authority: RFC 9112 section 3.2.
bool RequestParser::interpret_host(std::string_view value) {
  if (seen_ & kHostSeen) return refuse_later(bad_request("there is more than one Host header")), false;
  seen_ |= kHostSeen;
  if (!value.empty() && !is_authority(value)) return refuse_later(kBadHost), false;
  if (!absolute_target_) head_.authority = value;
  return true;
}

void RequestParser::interpret_connection(std::string_view value) {
  if (equals_ignore_case(value, "keep-alive")) {  // what most clients send
    seen_ |= kKeepAliveSeen;
    return;
  }
  const Header header{"connection", value};
  const HeaderList list{{&header, 1}};
  if (list.contains_token("connection", "close")) seen_ |= kCloseSeen;
  if (list.contains_token("connection", "keep-alive")) seen_ |= kKeepAliveSeen;
}

void RequestParser::interpret_content_length(std::string_view value) {
  // RFC 9110 section 8.6 allows to fold equal repetitions; refusing them all leaves nothing to interpretation.
  if (seen_ & kLengthSeen) return refuse_later(bad_request("there is more than one Content-Length header"));
  seen_ |= kLengthSeen;
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos)
    return refuse_later(bad_request("Content-Length is not a number"));
  std::uint64_t length = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), length).ec != std::errc())
    return refuse_later({413, Code::out_of_range, "Content-Length is larger than any body"});
  head_.content_length = length;
}

void RequestParser::interpret_transfer_encoding(std::string_view value) {
  if (seen_ & kEncodingSeen) return refuse_later(bad_request("there is more than one Transfer-Encoding header"));
  seen_ |= kEncodingSeen;
  head_.chunked = header_name_equals(value, "chunked");
  if (head_.chunked) return;
  // RFC 9112 sections 6.1 and 6.3: without chunked at the end the length is unknown; codings before it are not
  // implemented here.
  int codings = 0, times_chunked = 0;
  for (std::string_view rest = value; !rest.empty();) {
    const std::size_t size = std::min(rest.find(','), rest.size());
    const std::string_view coding = trim_blanks(rest.substr(0, size));
    rest.remove_prefix(std::min(size + 1, rest.size()));
    if (coding.empty()) continue;  // RFC 9110 section 5.6.1.2
    ++codings;
    head_.chunked = header_name_equals(coding, "chunked");
    times_chunked += head_.chunked;
  }
  if (!head_.chunked || times_chunked != 1)
    return refuse_later(bad_request("Transfer-Encoding is not chunked, once and last"));
  if (codings != 1) return refuse_later({501, Code::unimplemented, "the only transfer coding known here is chunked"});
  seen_ |= kCloseSeen;  // others may have read no coding here: what follows the body is served on no account
}

bool RequestParser::finish_head() {
  if (refusal_) return fail(*refusal_), false;
  if (head_.version_minor == 1 && !(seen_ & kHostSeen)) return fail(bad_request("the Host header is missing")), false;
  if (seen_ & kEncodingSeen) {
    if (seen_ & kLengthSeen) return fail(bad_request("there are both Content-Length and Transfer-Encoding")), false;
    if (head_.version_minor == 0) return fail(bad_request("HTTP/1.0 has no Transfer-Encoding")), false;
  }
  head_.keep_alive = !(seen_ & kCloseSeen) && (head_.version_minor == 1 || (seen_ & kKeepAliveSeen));
  head_.expects_continue = (seen_ & kExpectSeen) && head_.version_minor == 1;
  return true;
}

}  // namespace marty::http::internal
