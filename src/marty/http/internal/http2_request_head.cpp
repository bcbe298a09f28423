#include "marty/http/internal/http2_request_head.hpp"

#include <algorithm>
#include <charconv>

#include "marty/base/authority.hpp"
#include "marty/base/strings.hpp"
#include "marty/http/internal/target.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kFieldOverheadBytes = 32;  // RFC 9113 section 10.5.1
constexpr std::size_t kPseudoFields = 4;         // they do not count as headers

}  // namespace

void Http2RequestHead::clear() noexcept {
  fields_.clear();
  content_length_.reset();
  refusal_.reset();
  expects_continue_ = too_large_ = false;
}

void Http2RequestHead::add(std::string_view name, std::string_view value, const HeadLimits& limits) {
  const std::size_t bytes = fields_.bytes() + name.size() + value.size() + kFieldOverheadBytes;
  const bool fits = bytes <= limits.header_bytes && fields_.count() < limits.header_count + kPseudoFields;
  fits ? fields_.add(name, value) : void(too_large_ = true);
}

std::optional<ParseError> Http2RequestHead::finish(const HeadLimits& limits, Request& request) {
  const std::span<const Header> fields = fields_.finish();
  const auto is_pseudo = [](const Header& field) { return field.name.starts_with(':'); };
  const auto headers = std::find_if_not(fields.begin(), fields.end(), is_pseudo);
  request.headers = HeaderList({headers, fields.end()});
  request.version_major = 2;
  request.version_minor = 0;
  if (too_large_) refuse(kHeadersTooLarge);
  for (const Header& header : request.headers) interpret(header);
  interpret_pseudo({fields.begin(), headers}, limits, request);
  return refusal_;
}

void Http2RequestHead::refuse(const ParseError& error) noexcept {
  if (!refusal_) refusal_ = error;
}

void Http2RequestHead::interpret(const Header& header) {
  if (header.name == "content-length") {
    std::uint64_t length = 0;
    const char* const end = header.value.data() + header.value.size();
    const auto [at, failure] = std::from_chars(header.value.data(), end, length);
    if (failure != std::errc() || at != end) return refuse(bad_request("the Content-Length is not a number"));
    content_length_ = length;
  } else if (header.name == "expect") {
    for (const std::string_view expectation : ListField(header.value)) {
      if (!header_name_equals(expectation, "100-continue")) refuse(kUnknownExpectation);
      expects_continue_ = true;
    }
  }
}

void Http2RequestHead::interpret_pseudo(std::span<const Header> fields, const HeadLimits& limits, Request& request) {
  std::string_view path, authority, scheme;
  request.method_text = request.target = request.authority = {};
  for (const auto& [name, value] : fields) {
    if (name == ":method") {
      request.method_text = value;
    } else if (name == ":path") {
      path = value;
    } else if (name == ":authority") {
      authority = value;
    } else if (name == ":scheme") {
      scheme = value;
    }
  }
  if (request.method_text.size() > kMaxMethodBytes) {
    request.method_text = {};
    refuse(kMethodTooLong);
  }
  request.method = parse_method(request.method_text);
  interpret_target(path, limits, request);
  interpret_authority(authority, scheme, request);
}

void Http2RequestHead::interpret_target(std::string_view path, const HeadLimits& limits, Request& request) {
  if (path.size() > limits.line_bytes) return refuse(kTargetTooLong);
  if (request.method == Method::connect) return refuse(kNoTunnels);
  const bool whole_server = path == "*" && request.method == Method::options;
  if (!whole_server && !is_path_and_query(path)) return refuse(kBadTarget);
  request.target = path;
}

// Host counts where there is no :authority; both are the same after normalization (RFC 9113 section 8.3.1).
void Http2RequestHead::interpret_authority(std::string_view authority, std::string_view scheme, Request& request) {
  const std::string_view host = request.headers.get("host");
  if (authority.empty()) authority = host;
  if (authority.empty()) return;
  if (!is_authority(authority) || (!host.empty() && !is_authority(host))) return refuse(kBadHost);
  if (!host.empty() && !is_same_authority(host, authority, default_port(scheme)))
    return refuse(bad_request("the Host header is not the authority of the request"));
  request.authority = authority;
}

}  // namespace marty::http::internal
