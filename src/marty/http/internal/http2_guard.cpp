#include "marty/http/internal/http2_guard.hpp"

#include "marty/http/internal/http2_stream.hpp"

namespace marty::http::internal {
namespace {

// Each piece of a body that is waited for wakes its reader. Of a stream of messages each may be as small as it likes.
bool wakes_reader(nghttp2_session* native, std::int32_t id) {
  const auto* stream = static_cast<const Http2Stream*>(nghttp2_session_get_stream_user_data(native, id));
  return stream != nullptr && stream->is_waited_for() && stream->is_limited();
}

}  // namespace

// Frames that ask for work and bring none. A stream that is opened and reset at once costs more.
int Http2Guard::tokens_for(nghttp2_session* native, const Http2FrameHead& frame) noexcept {
  switch (frame.type) {
    case NGHTTP2_DATA: {
      if ((frame.flags & NGHTTP2_FLAG_END_STREAM) != 0) return 0;
      // Padding is no content: one byte of it tells that there is none.
      if (frame.length <= ((frame.flags & NGHTTP2_FLAG_PADDED) != 0 ? 256u : 0u)) return 1;
      return of_server_ && frame.length < kTinyDataBytes && wakes_reader(native, frame.stream_id) ? 1 : 0;
    }
    case NGHTTP2_CONTINUATION:  // CVE-2024-28182: no version of nghttp2 is relied on
      return ++continuations_ <= kFreeContinuations ? 0 : 1;
    case NGHTTP2_HEADERS:  // paid back by the reply
    case NGHTTP2_PUSH_PROMISE:
      continuations_ = 0;
      return 1;
    case NGHTTP2_RST_STREAM:
      return 2;
    default:
      return 1;
  }
}

Http2Guard::Verdict Http2Guard::judge(nghttp2_session* native, std::string_view bytes, runtime::TimePoint now) {
  first_opened_ = last_reset_ = 0;
  budget_.refill(now);
  scanner_.begin(bytes);
  while (const auto frame = scanner_.next()) {
    const int tokens = tokens_for(native, *frame);
    if (tokens != 0 && !budget_.spend(tokens)) return {frame->at, NGHTTP2_ENHANCE_YOUR_CALM};
    const bool opens = frame->type == NGHTTP2_HEADERS && frame->stream_id > newest_;
    if (opens) {
      newest_ = frame->stream_id;
      if (first_opened_ == 0) first_opened_ = frame->stream_id;
    } else if ((frame->type == NGHTTP2_DATA || frame->type == NGHTTP2_HEADERS) && is_closed(native, frame->stream_id)) {
      return {frame->at, NGHTTP2_STREAM_CLOSED};
    }
    if (frame->type == NGHTTP2_RST_STREAM) last_reset_ = frame->stream_id;
  }
  return {bytes.size()};
}

// Frames on streams that were never opened are for nghttp2 to refuse.
bool Http2Guard::is_closed(nghttp2_session* native, std::int32_t id) const {
  if (!of_server_ || id > newest_ || id % 2 == 0) return false;
  if (id == last_reset_) return true;
  if (first_opened_ != 0 && id >= first_opened_) return false;
  if (id > last_taken_) return false;  // it came behind a GOAWAY, and is ignored
  return nghttp2_session_find_stream(native, id) == nullptr && !reset_streams_.may_contain(id);
}

}  // namespace marty::http::internal
