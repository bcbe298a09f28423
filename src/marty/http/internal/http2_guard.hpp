// Http2Guard: what the other side may do, frame by frame, before nghttp2 sees it: no more frames without work than the
// budget has (RFC 9113 section 10.5) and, where it is a client, none on streams that are closed (RFC 9113 section 5.1).
// Of a server they are ignored: grpc++ ends a stream twice where its deadline passes, and the others of the connection
// are not to suffer.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <limits>
#include <string_view>

#include "marty/http/internal/http2_budget.hpp"
#include "marty/http/internal/http2_frame_scanner.hpp"
#include "marty/http/internal/http2_reset_streams.hpp"

namespace marty::http::internal {

class Http2Guard {
 public:
  static constexpr std::uint32_t kTinyDataBytes = 32;  // a frame of DATA with less is hardly work
  static constexpr int kFreeContinuations = 8;         // of one head: 128 KiB of it, four times what is taken

  explicit Http2Guard(bool of_server)
      : scanner_(of_server ? NGHTTP2_CLIENT_MAGIC_LEN : 0), of_server_(of_server), budget_(runtime::coarse_now()) {}

  // The last GOAWAY was sent: streams behind that one are not taken.
  void take_until(std::int32_t last) noexcept { last_taken_ = last; }

  // How far the bytes may go to nghttp2, and the error that stands there.
  struct Verdict {
    std::size_t admitted;
    std::uint32_t error = NGHTTP2_NO_ERROR;
  };
  Verdict judge(nghttp2_session* native, std::string_view bytes, runtime::TimePoint now);

  // The budget is spent: nothing more is to be read for a moment.
  bool is_overdrawn() const noexcept { return budget_.is_overdrawn(); }

  // This side has sent a frame, or will.
  void on_reply() noexcept { budget_.earn(); }
  void on_reset(std::int32_t stream_id) noexcept { reset_streams_.add(stream_id); }

 private:
  int tokens_for(nghttp2_session* native, const Http2FrameHead& frame) noexcept;
  bool is_closed(nghttp2_session* native, std::int32_t id) const;

  Http2FrameScanner scanner_;
  const bool of_server_;
  Http2Budget budget_;
  Http2ResetStreams reset_streams_;
  std::int32_t last_taken_ = std::numeric_limits<std::int32_t>::max();
  int continuations_ = 0;    // of the head that arrives
  std::int32_t newest_ = 0;  // stream that the client has opened
  // Within the bytes being judged, of which nghttp2 knows nothing yet.
  std::int32_t first_opened_ = 0;
  std::int32_t last_reset_ = 0;
};

}  // namespace marty::http::internal
