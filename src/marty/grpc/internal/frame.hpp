// Length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message"; Connect's envelopes): a byte of flags, four of
// length, and so many bytes. A flag that the reader does not know may change what the bytes are, so it is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::grpc::internal {

constexpr std::size_t kFrameHeadBytes = 5;

enum FrameFlag : std::uint8_t {
  kCompressed = 0x01,
  kConnectEnd = 0x02,   // Connect: the end of the stream
  kWebTrailers = 0x80,  // gRPC-Web: the trailers
  kEveryFlag = 0xff,
};

struct Frame {
  std::uint8_t flags = 0;
  std::string_view payload;  // valid until the next one is read
};

void write_frame_head(char* to, std::uint8_t flags, std::size_t size) noexcept;
void append_frame(std::string& out, std::uint8_t flags, std::string_view payload);

// The frames of a body as it arrives.
class FrameReader {
 public:
  // `body` may be null: there are no frames. `flags`: those that may be set.
  FrameReader(http::BodySource* body, std::size_t max_bytes, std::uint8_t flags)
      : body_(body), max_bytes_(max_bytes), flags_(flags) {}
  // A body that is there already, and stays.
  FrameReader(std::string_view whole, std::size_t max_bytes, std::uint8_t flags)
      : body_(nullptr), max_bytes_(max_bytes), flags_(flags), piece_(whole) {}

  // Nothing at the end. Throws Error: resource_exhausted (larger than max_bytes), internal (cut in the middle of a
  // frame, or with other flags), and what the body throws.
  std::optional<Frame> next();
  bool is_at_end() const noexcept { return piece_.empty() && body_ == nullptr; }  // of a body that was there already

 private:
  bool more();

  http::BodySource* body_;
  const std::size_t max_bytes_;
  const std::uint8_t flags_;
  std::string_view piece_;  // of the body, not looked at yet
  std::string partial_;     // a frame that did not come in one piece
};

// The one frame that `body` is. Nothing where there is none at all. Throws as above, and unimplemented where there are
// more.
std::optional<Frame> only_frame(std::string_view body, std::size_t max_bytes, std::uint8_t flags);

[[noreturn]] void throw_message_too_large(std::size_t max_bytes);

}  // namespace marty::grpc::internal
