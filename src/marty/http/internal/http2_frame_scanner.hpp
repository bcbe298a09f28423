// Http2FrameScanner: finds the frame headers (RFC 9113 section 4.1) in a stream of bytes, so that a frame can be judged
// before nghttp2 gets it. Frames may be cut anywhere; payloads are skipped.
//
//   scanner.begin(bytes);
//   while (auto frame = scanner.next()) judge(*frame);     // frame->at: where it begins in `bytes`
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace marty::http::internal {

struct Http2FrameHead {
  std::size_t at = 0;  // in the bytes given; 0 where it began before
  std::uint32_t length = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream_id = 0;
};

class Http2FrameScanner {
 public:
  // `skip`: bytes that come before the first frame, as a client's preface does.
  explicit Http2FrameScanner(std::size_t skip = 0) : skip_(skip) {}

  void begin(std::string_view bytes) noexcept {
    bytes_ = bytes;
    at_ = 0;
  }
  std::optional<Http2FrameHead> next() noexcept {
    const std::size_t skipped = std::min(skip_, bytes_.size() - at_);
    at_ += skipped;
    skip_ -= skipped;
    const std::size_t begin = at_;
    while (have_ < kHeadBytes && at_ < bytes_.size()) head_[have_++] = static_cast<std::uint8_t>(bytes_[at_++]);
    if (have_ < kHeadBytes) return std::nullopt;
    have_ = 0;
    Http2FrameHead frame;
    frame.at = at_ - begin == kHeadBytes ? begin : 0;
    frame.length = std::uint32_t{head_[0]} << 16 | std::uint32_t{head_[1]} << 8 | head_[2];
    frame.type = head_[3];
    frame.flags = head_[4];
    frame.stream_id = static_cast<std::int32_t>((std::uint32_t{head_[5]} & 0x7f) << 24 | std::uint32_t{head_[6]} << 16 |
                                                std::uint32_t{head_[7]} << 8 | head_[8]);
    skip_ = frame.length;
    return frame;
  }

 private:
  static constexpr std::size_t kHeadBytes = 9;

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t skip_;
  std::array<std::uint8_t, kHeadBytes> head_{};
  std::size_t have_ = 0;  // of a head
};

}  // namespace marty::http::internal
