// RequestParser: the head of an HTTP/1.1 request (RFC 9112), strictly, without copies, in any number of pieces.
//
//   RequestParser parser(limits);
//   switch (parser.parse(bytes_so_far)) {           // all bytes of this request that have arrived; may move between
//   calls
//     case Progress::complete: use(parser.head());  // views into the bytes; the body starts at head().size
//     case Progress::incomplete: ...                // read more, call again: lines that are done are not looked at
//     twice case Progress::failed: reply(parser.error());
//   }
//   parser.reset();                                 // for the next request; keeps its memory
//
// Refuses what proxies and servers have been seen to read differently (request smuggling): Content-Length with
// Transfer-Encoding, repeated Content-Length or Host, transfer codings other than chunked, bare CR or LF, folded lines,
// white space around names, paths and hosts that are none of a URI.
//
// What a well-formed header says is refused at the end of the head only: so the reply knows whose request it was, from
// which page, in which trace. head() holds what could be read, and nothing that was wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/http/internal/line_cursor.hpp"
#include "marty/http/internal/parse_error.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

struct HeadLimits {
  std::size_t line_bytes = 8 * 1024;     // of the request line: 414
  std::size_t header_bytes = 32 * 1024;  // of all headers together: 431
  std::size_t header_count = 100;        // 431
};

// What the heads of both versions are refused for.
inline constexpr std::size_t kMaxMethodBytes = 64;  // the longest one that is registered with IANA has 17
inline constexpr ParseError kMethodTooLong{501, Code::unimplemented, "the method is longer than any that is known"};
inline constexpr ParseError kNoTunnels{501, Code::unimplemented, "CONNECT is not supported: this is not a proxy"};
inline constexpr ParseError kTargetTooLong{414, Code::invalid_argument, "the request line is too long"};
inline constexpr ParseError kBadTarget = bad_request(
    "the request target is no path and query of a URI: other characters have to be percent-encoded (RFC 3986)");
inline constexpr ParseError kBadHost = bad_request("the host of the request is not valid (RFC 3986 section 3.2)");
inline constexpr ParseError kHeadersTooLarge{431, Code::invalid_argument, "the headers are too large"};
inline constexpr ParseError kTooManyHeaders{431, Code::invalid_argument, "there are too many headers"};
inline constexpr ParseError kUnknownExpectation{417, Code::invalid_argument,
                                                "the only expectation known here is 100-continue"};

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;  // empty: not read yet
  std::string_view target;       // origin form, or "*"; empty: not read yet
  std::string_view authority;    // of an absolute target, else Host
  int version_minor = 1;
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
  bool keep_alive = true;
  std::size_t size = 0;  // bytes of the whole head
};

class RequestParser {
 public:
  explicit RequestParser(const HeadLimits& limits) : limits_(limits) {}

  Progress parse(std::string_view bytes);
  // The bytes of the head now begin at `base`: its views follow.
  void relocate(const char* base) noexcept;
  const RequestHead& head() const noexcept { return head_; }
  const ParseError& error() const noexcept { return error_; }
  void reset() noexcept;

 private:
  // Which of the headers that steer the connection have been seen.
  enum Seen : std::uint8_t {
    kHostSeen = 1,
    kLengthSeen = 2,
    kEncodingSeen = 4,
    kCloseSeen = 8,
    kKeepAliveSeen = 16,
    kExpectSeen = 32
  };
  enum class Stage : std::uint8_t { request_line, headers };

  Progress parse_request_line(std::string_view bytes);
  Progress parse_headers(std::string_view bytes);
  bool finish_request_line(std::string_view target, const char* version);
  bool interpret_version(const char* version);
  bool reduce_absolute_target(std::string_view target);
  bool interpret(const Header& header);
  bool interpret_host(std::string_view value);
  void interpret_transfer_encoding(std::string_view value);
  void interpret_content_length(std::string_view value);
  void interpret_connection(std::string_view value);
  bool finish_head();
  void read_behind_limit(std::string_view bytes);
  void refuse_later(const ParseError& error) noexcept;
  Progress incomplete(std::string_view bytes, std::size_t limit_bytes, const ParseError& too_long);
  Progress fail(const ParseError& error);

  HeadLimits limits_;
  RequestHead head_;
  ParseError error_;
  std::optional<ParseError> refusal_;  // at the end of the head
  std::string completed_target_;       // of an absolute target with a query and no path
  const char* base_ = nullptr;         // where the bytes stood at the last call
  LineCursor line_;
  std::size_t headers_begin_ = 0;
  Stage stage_ = Stage::request_line;
  std::uint8_t seen_ = 0;
  bool absolute_target_ = false;
  bool blank_line_skipped_ = false;
};

}  // namespace marty::http::internal
