#include <charconv>

#include "marty/base/error.hpp"
#include "marty/http/internal/answer.hpp"
#include "marty/http/internal/http2_server.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/http/internal/reply_head.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kMaxDroppedBytes = 64 * 1024;  // of a request that is answered already
constexpr runtime::Duration kDropTimeout = std::chrono::seconds(2);

std::string_view write_number(std::uint64_t number, std::span<char> buffer) {
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr};
}

}  // namespace

// Time that counts for the pace of the body.
class Http2ServerStream::PacedWait {
 public:
  explicit PacedWait(Http2ServerStream& stream) noexcept : stream_(stream) {
    stream_.waits_since_ = runtime::coarse_now();
    stream_.http2().add_waiting(1);
  }
  ~PacedWait() {
    stream_.waited_ += runtime::coarse_now() - std::exchange(stream_.waits_since_, runtime::kNever);
    stream_.http2().add_waiting(-1);
  }
  PacedWait(const PacedWait&) = delete;
  PacedWait& operator=(const PacedWait&) = delete;

 private:
  Http2ServerStream& stream_;
};

void Http2ServerStream::begin(Http2Server& session, std::int32_t id) noexcept {
  Http2Stream::begin(session, id);
  response_.attach(this);
  max_bytes_ = server_.limits().body_bytes;
  pace_.begin(server_.limits().body_rate_bytes, server_.limits().body_timeout);
  began_ = runtime::coarse_now();
  answered_ = runtime::kNever;
  dropped_bytes_ = 0;
  state_ = State::head;
  waits_since_ = runtime::kNever;
  waited_ = runtime::Duration::zero();
  owes_continue_ = completed_ = too_slow_ = false;
}

bool Http2ServerStream::has_grown() const noexcept {
  return Http2Stream::has_grown() || head_.has_grown() || response_.body().capacity() > kKeptBytes;
}

Http2Server& Http2ServerStream::http2() const noexcept { return static_cast<Http2Server&>(session()); }

void Http2ServerStream::on_field(std::string_view name, std::string_view value) {
  if (state_ == State::head) head_.add(name, value, server_.head_limits());  // else a trailer, which nobody asks for
}

void Http2ServerStream::on_fields_end() {
  if (state_ != State::head) return;
  state_ = State::complete;
  http2().arrived(*this);
}

void Http2ServerStream::on_data(std::string_view bytes) {
  if (answered_ == runtime::kNever) {
    pace_.received(bytes.size());
    return Http2Stream::on_data(bytes);
  }
  session().consume(id(), bytes.size());
  dropped_bytes_ += bytes.size();
  if (dropped_bytes_ > kMaxDroppedBytes) reset(NGHTTP2_NO_ERROR);
}

// What is left of the request is of no use any more. A short rest is taken in, so that the stream ends in order; a long
// one is stopped (RFC 9113 section 8.1).
void Http2ServerStream::on_sent() noexcept {
  completed_ = true;
  if (has_ended()) return;
  answered_ = runtime::coarse_now();
}

void Http2ServerStream::on_tick(runtime::TimePoint now) noexcept {
  // Until the last CONTINUATION nothing else may come on this connection (RFC 9113 section 6.10).
  if (state_ == State::head && now - began_ > session().settings().header_timeout)
    return session().close(NGHTTP2_ENHANCE_YOUR_CALM);
  if (answered_ != runtime::kNever && now - answered_ > kDropTimeout) return reset(NGHTTP2_NO_ERROR);
  watch_pace(now);
  Http2Stream::on_tick(now);
}

void Http2ServerStream::watch_pace(runtime::TimePoint now) noexcept {
  const bool waits = waits_since_ != runtime::kNever;
  if (waits) waited_ += now - std::exchange(waits_since_, now);
  const runtime::Duration waited = std::exchange(waited_, runtime::Duration::zero());
  if (!http2().bodies_flow()) pace_.waited(waited);
  if (!waits || !pace_.is_spent()) return;
  too_slow_ = true;
  wake_reader();
}

void Http2ServerStream::refuse_to_start() noexcept {
  state_ = State::done;
  reset(NGHTTP2_REFUSED_STREAM);
}

void Http2ServerStream::run() {
  fiber_ = &runtime::current_fiber();
  state_ = State::running;
  try {
    serve();
  } catch (...) {
    // The client has gone, or was cut off; or there is no memory.
    reset(NGHTTP2_INTERNAL_ERROR);
  }
  state_ = State::done;
}

std::string Http2ServerStream::title() const { return server_.handler().name_of(request_); }

void Http2ServerStream::finished() noexcept {
  fiber_ = nullptr;
  http2().fiber_ended(*this);
}

// By nghttp2, or because the connection is over.
void Http2ServerStream::released() noexcept {
  if (fiber_ != nullptr) {
    if (!completed_) runtime::cancel(*fiber_);
    return;
  }
  const bool in_queue = state_ == State::complete;
  state_ = State::done;
  if (!in_queue) http2().recycle(*this);
}

void Http2ServerStream::serve() {
  present_connection();
  std::optional<ParseError> error = head_.finish(server_.head_limits(), request_);
  length_ = head_.content_length();
  if (!error && length_.value_or(0) > server_.limits().body_bytes) error = kBodyTooLarge;
  if (error) {
    server_.count_malformed();
    refuse(server_, request_, response_, *error);
  } else {
    present_body();
    answer(server_, place_, request_, response_);
  }
  if (!is_closed()) send_response();
}

void Http2ServerStream::present_connection() {
  const Connection& connection = http2().connection();
  request_.peer = &connection.peer();
  request_.secure = connection.is_secure();
  request_.client = connection.client();
}

void Http2ServerStream::present_body() {
  owes_continue_ = head_.expects_continue();
  request_.body_source = has_ended() && arrived_bytes() == 0 ? nullptr : this;
}

void Http2ServerStream::send_response() {
  if (response_.begun()) {
    if (response_.failed()) return reset(NGHTTP2_INTERNAL_ERROR);
    return finish(response_.wire_trailers());
  }
  if (forbids_body(response_.status)) return send_head(std::nullopt);
  const std::size_t length = response_.body().size();
  const std::string_view body = request_.method == Method::head ? std::string_view() : response_.body();
  put_fixed(body, response_.wire_trailers());
  send_head(response_.wire_trailers().empty() ? std::optional<std::uint64_t>(length) : std::nullopt);
}

// With whatever body there is, or will be where none is finished.
void Http2ServerStream::send_head(std::optional<std::uint64_t> length) {
  char status[20], digits[20];
  Http2Fields& fields = session().fields();
  fields.add(":status", write_number(static_cast<std::uint64_t>(response_.status), status));
  fields.add("date", server_.date().value());
  if (length) fields.add("content-length", write_number(*length, digits));
  fields.add_lines(response_.wire_headers());
  const bool has_body = !forbids_body(response_.status) && request_.method != Method::head;
  const bool empty = is_finished() && unsent() == 0 && trailers().empty();
  const nghttp2_data_provider body = provider();
  require(nghttp2_submit_response(session().native(), id(), fields.data(), fields.size(),
                                  has_body && !empty ? &body : nullptr));
  session().flush_soon();
}

BodyWriter& Http2ServerStream::begin_stream(Response&, std::optional<std::uint64_t> length) {
  invite();  // an interim reply comes before the final one
  send_head(length);
  if (forbids_body(response_.status) || request_.method == Method::head) return nowhere_;
  return *this;
}

void Http2ServerStream::invite() {
  if (!std::exchange(owes_continue_, false)) return;
  Http2Fields& fields = session().fields().add(":status", "100");
  require(nghttp2_submit_headers(session().native(), NGHTTP2_FLAG_NONE, id(), nullptr, fields.data(), fields.size(),
                                 nullptr));
  session().flush_soon();
}

void Http2ServerStream::throw_too_large(std::size_t max_bytes) const {
  throw Error(Code::out_of_range, "the request body is larger than " + std::to_string(max_bytes) + " bytes")
      .with_http_status(413);
}

std::size_t Http2ServerStream::read_some(std::span<char> buffer) {
  const RequestPlace::Read read(place_);
  return Http2Stream::read_some(buffer);
}

std::string_view Http2ServerStream::read_piece() {
  const RequestPlace::Read read(place_);
  return Http2Stream::read_piece();
}

std::string_view Http2ServerStream::read_all(std::size_t max_bytes) {
  const RequestPlace::Read read(place_);
  const std::string_view all = Http2Stream::read_all(max_bytes);
  place_.require();
  return all;
}

// A stream of messages may come as slowly as it likes: a ping tells whether its client is there.
void Http2ServerStream::wait_for_more() {
  invite();
  if (!is_limited()) return Http2Stream::wait_for_more();
  if (!too_slow_) {
    const RequestPlace::Wait wait(place_);
    const PacedWait paced(*this);
    Http2Stream::wait_for_more();
  }
  if (too_slow_) throw Error(Code::deadline_exceeded, "the request body did not arrive in time").with_http_status(408);
}

void Http2ServerStream::end() noexcept {
  Http2Stream::end();
  head_.clear();
  response_.clear();
  request_ = Request();
}

}  // namespace marty::http::internal
