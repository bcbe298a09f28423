// The head of a reply as HTTP/1.1 writes it, and how its body is delimited (RFC 9112 section 6).
#pragma once

#include <cstdint>
#include <optional>

#include "marty/http/internal/buffers.hpp"
#include "marty/http/internal/date_cache.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct ReplyHead {
  int status = 200;
  std::string_view headers;  // wire bytes
  Framing framing = Framing::length;
  std::uint64_t length = 0;  // of Framing::length
  int version_minor = 1;     // that the client speaks
  bool keep_alive = true;
};

// Statuses whose replies never have a body: RFC 9110 section 6.4.1.
inline bool forbids_body(int status) noexcept { return status == 204 || status == 304 || status < 200; }

void append_reply_head(OutputBuffer& output, DateCache& date, const ReplyHead& head);

}  // namespace marty::http::internal
