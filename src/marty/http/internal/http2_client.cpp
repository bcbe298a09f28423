#include "marty/http/internal/http2_client.hpp"

#include <new>
#include <utility>

#include "marty/base/error.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kTick = std::chrono::seconds(1);

Http2Settings settings_of(const Http2ConnectionOptions& options) {
  return {.stream_window_bytes = static_cast<std::uint32_t>(options.stream_window_bytes),
          .connection_window_bytes = static_cast<std::uint32_t>(options.connection_window_bytes),
          .header_list_bytes = static_cast<std::uint32_t>(options.header_bytes),
          .write_timeout = options.write_timeout,
          .ping_interval = options.ping_interval,
          .ping_timeout = options.ping_timeout};
}

}  // namespace

Http2Client::Http2Client(runtime::Socket connected, const Http2ConnectionOptions& options)
    : Http2ClientParts{settings_of(options), std::move(connected), {}},
      Http2Session(Role::client, own_socket, own_workspace, own_settings) {
  start();
}

Http2ClientStream& Http2Client::take_stream() {
  Http2ClientStream& stream = free_streams_.take();
  ++handles_;
  return stream;
}

void Http2Client::recycle(Http2ClientStream& stream) noexcept {
  --handles_;
  free_streams_.give_back(stream);
}

void Http2Client::recycle_last(Http2ClientStream& stream) noexcept {
  recycle(stream);
  if (abandoned_) settle();
}

std::size_t Http2Client::max_streams() const noexcept {
  return nghttp2_session_get_remote_settings(native(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void Http2Client::abandon() noexcept {
  abandoned_ = true;
  cut();
}

void Http2Client::settle() noexcept {
  if (!is_over()) return;
  own_socket.close();
  if (ticker_.fiber != nullptr) runtime::cancel(*ticker_.fiber);
  if (abandoned_ && handles_ == 0 && !ticker_.active) delete this;
}

void Http2Client::watch() noexcept {
  if (ticker_.active || settings().ping_interval <= runtime::Duration::zero()) return;
  ticker_.active = true;
  try {
    runtime::Loop::current().launch(ticker_);
  } catch (const std::exception&) {  // no memory for a stack: the next stream tries again
    ticker_.active = false;
  }
}

void Http2Client::Ticker::run() {
  fiber = &runtime::current_fiber();
  try {
    while (client_.is_open() && client_.streams() != 0) {
      runtime::sleep_for(kTick);
      client_.tick(runtime::coarse_now());
    }
  } catch (const std::exception&) {  // cancelled
  }
}

void Http2Client::Ticker::finished() noexcept {
  fiber = nullptr;
  active = false;
  client_.settle();
}

}  // namespace marty::http::internal
