// Http2RequestHead: the header section of an HTTP/2 request (RFC 9113 section 8.3.1), gathered field by field, checked
// and presented as HTTP/1.1 would be. nghttp2 has checked the fields' syntax, and that the pseudo-header
// fields are those of a request and stand in front.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "marty/http/internal/http2_received_fields.hpp"
#include "marty/http/internal/request_parser.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

class Http2RequestHead {
 public:
  void clear() noexcept;
  // What is beyond the limits is dropped, and refused by finish(); what then still fits, such as Origin, is kept.
  void add(std::string_view name, std::string_view value, const HeadLimits& limits);
  // The request's head, whose views live until clear(). And why it is refused, if it is: then the request holds what
  // could be read of it, and nothing that was wrong.
  std::optional<ParseError> finish(const HeadLimits& limits, Request& request);

  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  bool expects_continue() const noexcept { return expects_continue_; }
  bool has_grown() const noexcept { return fields_.capacity() > kKeptBytes; }

 private:
  static constexpr std::size_t kKeptBytes = 8 * 1024;

  void interpret(const Header& header);
  void interpret_pseudo(std::span<const Header> fields, const HeadLimits& limits, Request& request);
  void interpret_target(std::string_view path, const HeadLimits& limits, Request& request);
  void interpret_authority(std::string_view authority, std::string_view scheme, Request& request);
  void refuse(const ParseError& error) noexcept;

  Http2ReceivedFields fields_;
  std::optional<std::uint64_t> content_length_;
  std::optional<ParseError> refusal_;  // the first one
  bool expects_continue_ = false;
  bool too_large_ = false;
};

}  // namespace marty::http::internal
