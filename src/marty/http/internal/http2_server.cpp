#include "marty/http/internal/http2_server.hpp"

#include <new>

#include "marty/http/internal/loop_server.hpp"

namespace marty::http::internal {

Http2Server::Http2Server(LoopServer& server, Connection& connection)
    : Http2Session(Role::server, connection.socket(), server.http2_workspace(), server.http2_settings()),
      server_(server),
      connection_(connection) {}

Http2Server::~Http2Server() {
  while (first_arrived_ != nullptr) recycle(*std::exchange(first_arrived_, first_arrived_->next_arrived));
}

// One that was reset goes on until its fiber has noticed: whoever opens and resets streams faster than that is refused.
Http2Stream* Http2Server::accept_stream(std::int32_t id) {
  if (fibers_ >= std::size_t{2} * settings().max_concurrent_streams) return nullptr;
  Http2ServerStream& stream = server_.http2_streams().take(server_);
  stream.begin(*this, id);
  server_.set_active(connection_, true);  // also where the request is over before this batch is
  return &stream;
}

void Http2Server::arrived(Http2ServerStream& stream) noexcept {
  stream.next_arrived = nullptr;
  (last_arrived_ != nullptr ? last_arrived_->next_arrived : first_arrived_) = &stream;
  last_arrived_ = &stream;
}

void Http2Server::after_batch() noexcept {
  while (first_arrived_ != nullptr) {
    Http2ServerStream& stream = *first_arrived_;
    first_arrived_ = stream.next_arrived;
    if (first_arrived_ == nullptr) last_arrived_ = nullptr;
    if (!stream.is_waiting_to_start()) {  // reset in the same batch
      recycle(stream);
      continue;
    }
    ++fibers_;
    try {
      server_.loop().run_now(stream);
    } catch (const std::exception&) {
      --fibers_;
      stream.refuse_to_start();
    }
  }
}

void Http2Server::fiber_ended(Http2ServerStream& stream) noexcept {
  --fibers_;
  if (stream.is_closed()) recycle(stream);
  if (is_busy()) return;
  settle();
}

void Http2Server::recycle(Http2ServerStream& stream) noexcept { server_.http2_streams().give_back(stream); }

// A client that sends one body after the other has some that wait; and while nobody reads what fills the window of the
// connection, it cannot send the others (RFC 9113 section 5.2).
void Http2Server::on_tick(runtime::TimePoint now) noexcept {
  constexpr std::int32_t kFrameBytes = 16 * 1024;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - std::exchange(ticked_, now)).count();
  const double due =
      static_cast<double>(waiting_ * server_.limits().body_rate_bytes) * static_cast<double>(since) / 1000;
  const auto came = static_cast<double>(take_body_bytes());
  const std::int32_t window = nghttp2_session_get_effective_local_window_size(native()) -
                              nghttp2_session_get_effective_recv_data_length(native());
  bodies_flow_ = window < kFrameBytes || (due > 0 && came >= due);
}

void Http2Server::settle() noexcept {
  if (is_over()) {
    if (fibers_ == 0) server_.close(connection_);  // destroys this
    return;
  }
  // Only the active are looked after every second: one that has no preface yet is no idle one.
  const bool idle = has_preface() && streams() == 0 && fibers_ == 0 && is_open() && !is_draining();
  server_.set_active(connection_, !idle);
}

}  // namespace marty::http::internal
