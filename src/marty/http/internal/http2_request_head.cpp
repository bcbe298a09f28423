#include "marty/http/internal/http2_request_head.hpp"

#include <charconv>

#include "marty/base/strings.hpp"
#include "marty/http/internal/characters.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kFieldOverheadBytes = 32;  // RFC 9113 section 10.5.1
constexpr std::size_t kPseudoFields = 4;         // they do not count as headers

}  // namespace

void Http2RequestHead::clear() noexcept {
  fields_.clear();
  list_bytes_ = 0;
  content_length_.reset();
  expects_continue_ = too_large_ = false;
}

void Http2RequestHead::add(std::string_view name, std::string_view value, const HeadLimits& limits) {
  list_bytes_ += name.size() + value.size() + kFieldOverheadBytes;
  if (list_bytes_ > limits.header_bytes || fields_.count() >= limits.header_count + kPseudoFields) too_large_ = true;
  if (!too_large_) fields_.add(name, value);
}

std::optional<ParseError> Http2RequestHead::finish(const HeadLimits& limits, Request& request) {
  request.method_text = request.target = request.authority = {};
  std::span<const Header> fields = fields_.finish();
  for (; !fields.empty() && fields.front().name.starts_with(':'); fields = fields.subspan(1)) {
    const auto& [name, value] = fields.front();
    if (name == ":method") {
      request.method_text = value;
    } else if (name == ":path") {
      request.target = value;
    } else if (name == ":authority") {
      request.authority = value;
    }
  }
  for (const Header& header : fields) {
    if (!interpret(header)) return bad_request("the Content-Length is not a number");
  }
  request.method = parse_method(request.method_text);
  request.headers = HeaderList(fields);
  request.version_major = 2;
  request.version_minor = 0;
  if (too_large_) return ParseError{431, Code::invalid_argument, "the header fields are too large or too many"};
  if (const auto host = request.headers.find("host")) {
    if (request.authority.empty()) {
      request.authority = *host;
    } else if (!equals_ignore_case(*host, request.authority)) {
      return bad_request("the Host header is not the authority of the request");
    }
  }
  return check_target(limits, request);
}

bool Http2RequestHead::interpret(const Header& header) {
  if (header.name == "content-length") {
    std::uint64_t length = 0;
    const char* const end = header.value.data() + header.value.size();
    const auto [at, failure] = std::from_chars(header.value.data(), end, length);
    if (failure != std::errc() || at != end) return false;
    content_length_ = length;
  } else if (header.name == "expect") {
    expects_continue_ = expects_continue_ || ListField(header.value).contains("100-continue");
  }
  return true;
}

std::optional<ParseError> Http2RequestHead::check_target(const HeadLimits& limits, const Request& request) const {
  const std::string_view target = request.target;
  if (target.size() > limits.line_bytes)
    return ParseError{414, Code::invalid_argument, "the request target is too long"};
  if (request.method == Method::connect) {
    return ParseError{501, Code::unimplemented, "this server is not a proxy: it has no CONNECT"};
  }
  const char* const end = target.data() + target.size();
  const bool whole_server = target == "*" && request.method == Method::options;
  if (target.empty() || (target.front() != '/' && !whole_server) || find_end_of_target(target.data(), end) != end) {
    return bad_request("the request target is not a path");
  }
  if (!all_in_class(request.authority, kHost)) return bad_request("the authority of the request is not valid");
  return std::nullopt;
}

}  // namespace marty::http::internal
