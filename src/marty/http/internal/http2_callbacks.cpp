#include "marty/http/internal/http2_callbacks.hpp"

#include <exception>

#include "marty/http/internal/http2_stream.hpp"

namespace marty::http::internal {
namespace {

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

Http2Stream* stream_of(nghttp2_session* native, std::int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(native, id));
}

// Only memory can fail.
template <class Function>
int guarded(Function&& function) noexcept {
  try {
    return function();
  } catch (const std::exception&) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

}  // namespace

struct Http2Callbacks {
  static Http2Session& session(void* user) noexcept { return *static_cast<Http2Session*>(user); }

  static int on_begin_headers(nghttp2_session* native, const nghttp2_frame* frame, void* user) noexcept {
    session(user).header_bytes_ = 0;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    return guarded([&] {
      const std::int32_t id = frame->hd.stream_id;
      Http2Stream* const stream = session(user).accept_stream(id);
      if (stream == nullptr) return nghttp2_submit_rst_stream(native, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
      return nghttp2_session_set_stream_user_data(native, id, stream);
    });
  }

  static int on_header(nghttp2_session* native, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) noexcept {
    // One byte can stand for four thousand (RFC 7541 section 6.1). The rest is decoded, and looked at no more.
    Http2Session& self = session(user);
    self.header_bytes_ += name_size + value_size + 32;
    if (self.header_bytes_ > std::size_t{4} * self.settings_.header_list_bytes)
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    Http2Stream* const stream = stream_of(native, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    return guarded([&] { return stream->on_field(text(name, name_size), text(value, value_size)), 0; });
  }

  static int on_frame_recv(nghttp2_session* native, const nghttp2_frame* frame, void* user) noexcept {
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (Http2Stream* const stream = stream_of(native, frame->hd.stream_id)) {
          return guarded([&] {
            if (frame->hd.type == NGHTTP2_HEADERS) stream->on_fields_end();
            if (ends) stream->on_end();
            return 0;
          });
        }
        return 0;
      case NGHTTP2_SETTINGS:
        session(user).on_preface();
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) session(user).on_pong();
        return 0;
      case NGHTTP2_GOAWAY:
        session(user).on_peer_goes_away();
        return 0;
      default:
        return 0;
    }
  }

  static int on_data(nghttp2_session* native, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                     void* user) noexcept {
    session(user).body_bytes_ += size;
    Http2Stream* const stream = stream_of(native, id);
    if (stream == nullptr) return session(user).consume_connection(size), 0;
    return guarded([&] { return stream->on_data(text(data, size)), 0; });
  }

  static int on_frame_send(nghttp2_session* native, const nghttp2_frame* frame, void* user) noexcept {
    switch (frame->hd.type) {
      case NGHTTP2_RST_STREAM:
        session(user).guard_.on_reset(frame->hd.stream_id);
        return 0;
      case NGHTTP2_DATA:
      case NGHTTP2_HEADERS:
        session(user).guard_.on_reply();
        if (Http2Stream* const stream = stream_of(native, frame->hd.stream_id)) {
          if (frame->hd.type == NGHTTP2_HEADERS) stream->on_head_sent();
          if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->on_sent();
        }
        return 0;
      default:
        return 0;
    }
  }

  // A head or trailers of more than 64 KiB: nghttp2 drops them, and the peer would wait for ever.
  static int on_frame_not_send(nghttp2_session* native, const nghttp2_frame* frame, int, void*) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Http2Stream* const stream = stream_of(native, frame->hd.stream_id);
    if (stream != nullptr && !stream->is_of_client()) stream->reset(NGHTTP2_INTERNAL_ERROR);
    return 0;
  }

  // A request beyond the limit, or one that is not valid: nghttp2 will reset the stream, which it knows no more.
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* user) noexcept {
    session(user).guard_.on_reset(frame->hd.stream_id);
    return 0;
  }

  static int on_stream_close(nghttp2_session* native, std::int32_t id, std::uint32_t code, void*) noexcept {
    if (Http2Stream* const stream = stream_of(native, id)) {
      nghttp2_session_set_stream_user_data(native, id, nullptr);
      stream->on_close(code);
    }
    return 0;
  }

  static int on_send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                          nghttp2_data_source* source, void* user) noexcept {
    OutputBuffer& out = session(user).workspace_.out;
    if (out.size() >= Http2Workspace::kMaxCollectedBytes) return NGHTTP2_ERR_WOULDBLOCK;
    return guarded([&] {
      out.append(text(head, 9));  // of the frame; it is never padded
      static_cast<Http2Stream*>(source->ptr)->take(size, out);
      return 0;
    });
  }
};

void register_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Http2Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Http2Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Http2Callbacks::on_frame_recv);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Http2Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Http2Callbacks::on_frame_send);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Http2Callbacks::on_frame_not_send);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Http2Callbacks::on_invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Http2Callbacks::on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Http2Callbacks::on_send_data);
}

}  // namespace marty::http::internal
