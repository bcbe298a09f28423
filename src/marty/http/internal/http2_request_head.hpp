// Http2RequestHead: the header section of an HTTP/2 request (RFC 9113 section 8.3.1), gathered field by field, checked
// and presented as HTTP/1.1 would be. nghttp2 has checked the fields' syntax, and that the pseudo-header
// fields are those of a request and stand in front.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "marty/http/internal/http2_received_fields.hpp"
#include "marty/http/internal/request_parser.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

class Http2RequestHead {
 public:
  void clear() noexcept;
  // What is beyond the limits is dropped, and refused by finish().
  void add(std::string_view name, std::string_view value, const HeadLimits& limits);
  // Nothing and the request's head, whose views live until clear(); or why it is refused.
  std::optional<ParseError> finish(const HeadLimits& limits, Request& request);

  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  bool expects_continue() const noexcept { return expects_continue_; }
  bool has_grown() const noexcept { return fields_.capacity() > kKeptBytes; }

 private:
  static constexpr std::size_t kKeptBytes = 8 * 1024;

  bool interpret(const Header& header);
  std::optional<ParseError> check_target(const HeadLimits& limits, const Request& request) const;

  Http2ReceivedFields fields_;
  std::size_t list_bytes_ = 0;
  std::optional<std::uint64_t> content_length_;
  bool expects_continue_ = false;
  bool too_large_ = false;
};

}  // namespace marty::http::internal
