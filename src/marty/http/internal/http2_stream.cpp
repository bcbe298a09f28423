#include "marty/http/internal/http2_stream.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

// How much there is to send now. Where it is the last, the trailers are queued behind it.
ssize_t on_source_read(nghttp2_session* native, std::int32_t id, std::uint8_t*, std::size_t max_size,
                       std::uint32_t* flags, nghttp2_data_source* source, void*) noexcept {
  auto& stream = *static_cast<Http2Stream*>(source->ptr);
  const std::size_t unsent = stream.unsent();
  if (unsent == 0 && !stream.is_finished()) {
    stream.defer();
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  const std::size_t size = std::min(unsent, max_size);
  if (size != unsent || !stream.is_finished()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers().empty()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  try {
    Http2Fields fields;
    fields.add_lines(stream.trailers());
    if (nghttp2_submit_trailer(native, id, fields.data(), fields.size()) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
  } catch (const std::bad_alloc&) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

void Http2Stream::begin(Http2Session& session, std::int32_t id) noexcept {
  session_ = &session;
  id_ = id;
  close_code_ = NGHTTP2_NO_ERROR;
  last_progress_ = runtime::coarse_now();
  limited_ = true;
  ended_ = closed_ = reset_here_ = deferred_ = finished_ = whole_ = waited_for_ = false;
  session.add(*this);
}

void Http2Stream::end() noexcept {
  session_ = nullptr;
  arriving_.clear();
  reading_.clear();
  reading_at_ = owed_bytes_ = queue_at_ = taken_ = 0;
  received_ = written_ = 0;
  queue_.clear();
  fixed_ = trailers_ = {};
  length_.reset();
}

bool Http2Stream::has_grown() const noexcept {
  return arriving_.capacity() > kKeptBytes || reading_.capacity() > kKeptBytes || queue_.capacity() > 2 * kQueueBytes;
}

void Http2Stream::on_data(std::string_view bytes) {
  arriving_.append(bytes);
  owed_bytes_ += bytes.size();
  readable_.notify();
}

void Http2Stream::on_end() noexcept {
  ended_ = true;
  readable_.notify();
}

// Out of the session's list before anything that may end the connection, and with it all that are in the list.
void Http2Stream::on_close(std::uint32_t error_code) noexcept {
  if (closed_) return;
  closed_ = true;
  close_code_ = error_code;
  Http2Session& session = *session_;
  const std::size_t unread = std::exchange(owed_bytes_, 0);
  session.remove(*this);
  readable_.notify();
  writable_.notify();
  released();
  session.consume_connection(unread);  // what nobody will read makes room for the other streams
}

void Http2Stream::on_tick(runtime::TimePoint now) noexcept {
  if (unsent() == 0 || now - last_progress_ < session_->settings().write_timeout) return;
  reset(NGHTTP2_ENHANCE_YOUR_CALM);  // the peer gives no window for what it has asked for
}

void Http2Stream::reset(std::uint32_t error_code) noexcept {
  if (closed_ || !session_->is_open()) return;
  reset_here_ = true;
  if (nghttp2_submit_rst_stream(session_->native(), NGHTTP2_FLAG_NONE, id_, error_code) != 0) return session_->cut();
  session_->flush_soon();
}

// A client that goes is no fault of the server's, a server that goes is unavailable.
void Http2Stream::throw_if_closed() const {
  if (!closed_) return;
  runtime::throw_if_cancelled();
  const Code lost = is_of_client() ? Code::unavailable : Code::cancelled;
  switch (close_code_) {
    case kConnectionLost:
      throw Error(lost, "the connection is lost");
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_CANCEL:
      if (!reset_here_ && is_of_client())
        throw Error(Code::unavailable, "the server ended the exchange before it was complete");
      throw Error(Code::cancelled, "the exchange was ended before it was complete");
    default:
      throw Error(lost, std::string("the stream was reset: ") + nghttp2_http2_strerror(close_code_));
  }
}

std::size_t Http2Stream::read_some(std::span<char> buffer) {
  if (buffer.empty()) throw Error(Code::invalid_argument, "a body cannot be read into an empty buffer");
  if (reading_at_ == reading_.size()) {
    if (read_piece().empty()) return 0;
    reading_at_ = 0;
  }
  const std::size_t size = std::min(buffer.size(), reading_.size() - reading_at_);
  std::memcpy(buffer.data(), reading_.data() + reading_at_, size);
  reading_at_ += size;
  return size;
}

std::string_view Http2Stream::read_piece() {
  if (reading_at_ < reading_.size())
    return std::string_view(reading_).substr(std::exchange(reading_at_, reading_.size()));
  reading_.clear();
  reading_at_ = 0;
  while (arriving_.empty()) {
    if (ended_) return {};
    wait_for_data();
  }
  reading_.swap(arriving_);
  reading_at_ = reading_.size();
  received_ += reading_.size();
  if (limited_ && received_ > max_bytes_) throw_too_large(max_bytes_);
  consumed(reading_.size());
  return reading_;
}

std::string_view Http2Stream::read_all(std::size_t max_bytes) {
  if (limited_) max_bytes = std::min(max_bytes, max_bytes_);
  if (!whole_) take_in_the_rest(max_bytes);
  if (reading_.size() > max_bytes) throw_too_large(max_bytes);
  return reading_;
}

void Http2Stream::take_in_the_rest(std::size_t max_bytes) {
  if (length_ && *length_ > max_bytes) throw_too_large(max_bytes);
  if (reading_at_ < reading_.size()) arriving_.insert(0, std::string_view(reading_).substr(reading_at_));
  while (!ended_ && arriving_.size() <= max_bytes) {
    consumed(owed_bytes_);
    wait_for_data();
  }
  if (arriving_.size() > max_bytes) throw_too_large(max_bytes);
  consumed(owed_bytes_);
  reading_.swap(arriving_);
  arriving_.clear();
  reading_at_ = reading_.size();
  whole_ = true;
}

// Of a stream that is closed nothing is owed any more, and its session may be gone.
void Http2Stream::consumed(std::size_t bytes) noexcept {
  bytes = std::min(bytes, owed_bytes_);
  owed_bytes_ -= bytes;
  if (bytes != 0) session_->consume(id_, bytes);
}

void Http2Stream::wait_for_data() {
  throw_if_closed();
  waited_for_ = true;
  wait_for_more();
}

// One piece after the other. Where its writer is interrupted, it is sent all the same.
void Http2Stream::write(std::string_view bytes) {
  const Turns::Turn turn(writers_);
  const std::size_t size = bytes.size();
  try {
    write_whole(bytes);
  } catch (const std::bad_alloc&) {  // a part may be queued: nothing can follow it
    reset(NGHTTP2_INTERNAL_ERROR);
    throw;
  }
  written_ += size;
}

void Http2Stream::write_whole(std::string_view bytes) {
  while (!bytes.empty()) {
    throw_if_closed();
    const std::size_t queued = queue_.size() - queue_at_;
    if (queued == 0) last_progress_ = runtime::coarse_now();
    if (queued < kQueueBytes) {
      const std::string_view piece = bytes.substr(0, kQueueBytes - queued);
      queue(piece);
      bytes.remove_prefix(piece.size());
      continue;
    }
    try {
      writable_.wait("writing to a stream");
    } catch (...) {
      if (!closed_) queue(bytes);
      throw;
    }
  }
}

void Http2Stream::queue(std::string_view bytes) {
  if (queue_at_ >= kQueueBytes / 2) queue_.erase(0, std::exchange(queue_at_, 0));
  queue_.append(bytes);
  resume();
}

void Http2Stream::flush() {
  throw_if_closed();
  session_->flush();
}

void Http2Stream::take(std::size_t bytes, OutputBuffer& out) {
  // Progress is 64 KiB for the connection, as over HTTP/1.1; a byte now and then is none.
  const std::size_t share = std::max(kLeastShareBytes, kQueueBytes / std::max<std::size_t>(1, session_->streams()));
  taken_ += bytes;
  if (taken_ >= share || bytes == unsent()) {
    taken_ = 0;
    last_progress_ = runtime::coarse_now();
  }
  const std::size_t fixed = std::min(bytes, fixed_.size());
  out.append(fixed_.substr(0, fixed));
  fixed_.remove_prefix(fixed);
  const std::size_t queued = bytes - fixed;
  out.append(std::string_view(queue_).substr(queue_at_, queued));
  queue_at_ += queued;
  if (queue_at_ != queue_.size()) {
    if (queue_.size() - queue_at_ <= kQueueBytes / 2) writable_.notify();
    return;
  }
  queue_.clear();
  queue_at_ = 0;
  writable_.notify();
}

// nghttp2 has put the stream aside until there is something to send.
void Http2Stream::resume() noexcept {
  if (deferred_) {
    deferred_ = false;
    if (nghttp2_session_resume_data(session_->native(), id_) == NGHTTP2_ERR_NOMEM) return session_->cut();
  }
  session_->flush_soon();
}

nghttp2_data_provider Http2Stream::provider() noexcept {
  nghttp2_data_provider provider;
  provider.source.ptr = this;
  provider.read_callback = on_source_read;
  return provider;
}

void Http2Stream::put_fixed(std::string_view body, std::string_view trailers) noexcept {
  fixed_ = body;
  trailers_ = trailers;
  finished_ = true;
  last_progress_ = runtime::coarse_now();
}

void Http2Stream::put_whole(std::string_view body) {
  queue_.assign(body);
  put_fixed({}, {});
}

void Http2Stream::finish(std::string_view trailers) {
  throw_if_closed();
  trailers_ = trailers;
  finished_ = true;
  resume();
}

}  // namespace marty::http::internal
