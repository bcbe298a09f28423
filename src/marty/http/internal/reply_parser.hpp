// ReplyParser: the head of an HTTP/1.1 reply for the client (RFC 9112 section 4), as strict about lines as the request
// parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "marty/http/internal/line_cursor.hpp"
#include "marty/http/internal/parse_error.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

struct ReceivedHead {
  int status = 0;
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  std::size_t size = 0;  // bytes of the whole head
};

class ReplyParser {
 public:
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;
  static constexpr std::size_t kMaxHeaders = 256;

  // All bytes of this reply that have arrived, at the same place as before.
  Progress parse(std::string_view bytes);
  const ReceivedHead& head() const noexcept { return head_; }
  std::string_view fault() const noexcept { return fault_; }
  void reset() noexcept { *this = ReplyParser(); }

 private:
  Progress parse_status_line(std::string_view bytes);
  bool interpret(const Header& header);
  bool finish();
  Progress fail(std::string_view fault);

  ReceivedHead head_;
  std::string_view fault_;
  LineCursor line_;
  int version_minor_ = 1;
  bool status_line_done_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
};

}  // namespace marty::http::internal
