#include "marty/http/internal/http2_session.hpp"

#include <new>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/http/internal/http2_callbacks.hpp"
#include "marty/http/internal/http2_stream.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsPerBatch = 4;  // then the other connections of the loop have their turn
constexpr runtime::Duration kEndingTimeout = std::chrono::seconds(2);
constexpr runtime::Duration kDrainAnnouncement = std::chrono::seconds(1);
constexpr runtime::Duration kPause = std::chrono::milliseconds(100);  // of reading from one that asks for too much

// What the peer has to be told where reading failed as a whole.
std::uint32_t error_code(long failure) noexcept {
  switch (failure) {
    case NGHTTP2_ERR_FLOODED:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return NGHTTP2_PROTOCOL_ERROR;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

}  // namespace

void require(std::ptrdiff_t result) {
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  if (result < 0) throw Error(Code::unavailable, std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(result)));
}

Http2Workspace::Http2Workspace() {
  require(nghttp2_session_callbacks_new(&callbacks_));
  register_callbacks(callbacks_);
  require(nghttp2_option_new(&options_));
  nghttp2_option_set_no_auto_window_update(options_, 1);               // the reader's pace is the sender's
  nghttp2_option_set_server_fallback_rfc7540_priorities(options_, 1);  // checks them, at least
  // Http2Budget has one purse for all of these, and counts in the world's time.
  nghttp2_option_set_stream_reset_rate_limit(options_, 1'000'000, 1'000'000);
}

Http2Workspace::~Http2Workspace() {
  nghttp2_session_callbacks_del(callbacks_);
  nghttp2_option_del(options_);
}

Http2Session::Http2Session(Role role, runtime::Socket& socket, Http2Workspace& workspace, const Http2Settings& settings)
    : socket_(socket),
      workspace_(workspace),
      settings_(settings),
      loop_(runtime::Loop::current()),
      guard_(role == Role::server),
      role_(role) {
  const auto make = role == Role::server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  require(make(&native_, workspace.callbacks(), this, workspace.options()));
  const nghttp2_settings_entry entries[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.header_list_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams},
  };
  const nghttp2_settings_entry client_entries[] = {entries[0], entries[1], {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  require(role == Role::server
              ? nghttp2_submit_settings(native_, NGHTTP2_FLAG_NONE, entries, std::size(entries))
              : nghttp2_submit_settings(native_, NGHTTP2_FLAG_NONE, client_entries, std::size(client_entries)));
  require(nghttp2_session_set_local_window_size(native_, NGHTTP2_FLAG_NONE, 0,
                                                static_cast<std::int32_t>(settings.connection_window_bytes)));
}

Http2Session::~Http2Session() { nghttp2_session_del(native_); }

void Http2Session::start(std::string_view received) noexcept {
  last_received_ = runtime::coarse_now();
  {
    const Inside inside(*this);
    try {
      take(received);
    } catch (const std::exception&) {
      go_over();
    }
  }
  on_readable();
}

void Http2Session::start() noexcept {
  last_received_ = runtime::coarse_now();
  socket_.park(this);
}

void Http2Session::on_readable() noexcept {
  {
    const Inside inside(*this);
    try {
      read_batch();
    } catch (const std::exception&) {  // reset by the peer, or no memory
      go_over();
    }
  }
  flush();
  read_on();
  settle();
}

void Http2Session::read_on() noexcept {
  if (state_ == State::over) return;
  if (state_ == State::open && guard_.is_overdrawn()) {
    pauser_.active = true;
    try {
      return loop_.launch(pauser_);
    } catch (const std::exception&) {  // no memory for a stack: the one to go is whoever asks for too much
      pauser_.active = false;
      close(NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
  if (state_ != State::over) socket_.park(this);
}

void Http2Session::Pauser::run() {
  fiber = &runtime::current_fiber();
  try {
    runtime::sleep_for(kPause);
  } catch (const Error&) {  // the connection is over
  }
}

void Http2Session::Pauser::finished() noexcept {
  fiber = nullptr;
  active = false;
  if (session_.state_ != State::over) session_.socket_.park(&session_);
  session_.settle();
}

void Http2Session::read_batch() {
  char buffer[kReadBytes];  // on the loop's stack, not on a fiber's
  for (int reads = kReadsPerBatch; reads > 0 && state_ != State::over; --reads) {
    const std::optional<std::size_t> size = socket_.try_read(buffer);
    if (!size) return;
    if (*size == 0) return go_over();
    last_received_ = runtime::coarse_now();
    if (state_ == State::open) take({buffer, *size});
    if (guard_.is_overdrawn()) return;
  }
}

void Http2Session::take(std::string_view bytes) {
  const Http2Guard::Verdict verdict = guard_.judge(native_, bytes, runtime::coarse_now());
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto taken = nghttp2_session_mem_recv(native_, data, verdict.admitted);
  if (taken < 0) {
    require(nghttp2_session_terminate_session(native_, error_code(taken)));
  } else if (verdict.error != NGHTTP2_NO_ERROR) {
    require(nghttp2_session_terminate_session(native_, verdict.error));
  }
  after_batch();
}

void Http2Session::flush_soon() noexcept {
  if (inside_ || flusher_.active || state_ == State::over) return;
  flusher_.active = true;
  try {
    loop_.launch(flusher_);
  } catch (const std::exception&) {  // no memory for a stack: what the socket takes goes out at once
    flusher_.active = false;
    if (!unsent_.empty()) return go_over();  // and it takes nothing
    flush();
  }
}

void Http2Session::flush() noexcept {
  try {
    const Inside inside(*this);
    while (state_ == State::open && unsent_.empty() && collect()) send_collected();
  } catch (const std::exception&) {
    workspace_.out.clear();  // it is the loop's
    go_over();
  }
  if (!unsent_.empty()) return flush_soon();
  end_if_done();
}

bool Http2Session::collect() {
  OutputBuffer& out = workspace_.out;
  while (out.size() < Http2Workspace::kMaxCollectedBytes) {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(native_, &data);  // DATA is in `out` by then
    require(size);
    if (size == 0) break;
    out.append({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  }
  return !out.empty();
}

void Http2Session::send_collected() {
  const std::string_view bytes = workspace_.out.bytes();
  try {
    const std::size_t sent = socket_.try_write({&bytes, 1});
    unsent_.assign(bytes.substr(sent));
  } catch (...) {
    workspace_.out.clear();
    throw;
  }
  workspace_.out.clear();
}

// On the flusher's fiber: a peer that takes nothing for as long as the write timeout is given up.
void Http2Session::flush_slowly() {
  for (flush(); !unsent_.empty() && state_ != State::over; flush()) {
    const runtime::DeadlineScope scope(settings_.write_timeout);
    socket_.write({unsent_});
    unsent_.clear();
  }
}

void Http2Session::Flusher::run() {
  fiber = &runtime::current_fiber();
  try {
    session_.flush_slowly();
  } catch (const std::exception&) {
    session_.go_over();
  }
}

void Http2Session::Flusher::finished() noexcept {
  fiber = nullptr;
  active = false;
  session_.settle();
}

void Http2Session::end_if_done() noexcept {
  if (state_ != State::open || nghttp2_session_want_read(native_) != 0 || nghttp2_session_want_write(native_) != 0)
    return;
  if (role_ == Role::client) return go_over();
  linger();
}

// Closing at once could reset the connection before the peer has read why it ends.
void Http2Session::linger() noexcept {
  state_ = State::ending;
  state_since_ = runtime::coarse_now();
  socket_.shutdown_write();
  if (!inside_) lose_streams();
}

void Http2Session::go_over() noexcept {
  if (state_ == State::over) return;
  state_ = State::over;
  socket_.park(nullptr);
  if (flusher_.fiber != nullptr) runtime::cancel(*flusher_.fiber);
  if (pauser_.fiber != nullptr) runtime::cancel(*pauser_.fiber);
  if (!inside_) lose_streams();
}

// nghttp2 is not asked again.
void Http2Session::lose_streams() noexcept {
  while (first_stream_ != nullptr) first_stream_->on_close(Http2Stream::kConnectionLost);
}

void Http2Session::drain() noexcept {
  if (drain_ != Drain::no || state_ != State::open) return;
  drain_ = Drain::announced;
  state_since_ = runtime::coarse_now();
  // Requests that are on their way now are still served; the pong tells that there are no more (RFC 9113 section 6.8).
  if (nghttp2_submit_shutdown_notice(native_) != 0 || nghttp2_submit_ping(native_, NGHTTP2_FLAG_NONE, nullptr) != 0)
    return cut();
  flush_soon();
}

void Http2Session::end_drain() noexcept {
  if (drain_ != Drain::announced) return;
  drain_ = Drain::final;
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(native_);
  guard_.take_until(last);
  if (nghttp2_submit_goaway(native_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0) != 0) cut();
}

void Http2Session::on_pong() noexcept {
  ping_sent_ = runtime::kNever;
  end_drain();
}

void Http2Session::close(std::uint32_t error_code) noexcept {
  if (state_ != State::open) return;
  if (nghttp2_session_terminate_session(native_, error_code) != 0) return go_over();
  flush_soon();
}

void Http2Session::cut() noexcept {
  go_over();
  if (!inside_) settle();
}

void Http2Session::tick(runtime::TimePoint now) noexcept {
  if (state_ == State::ending && now - state_since_ > kEndingTimeout) go_over();
  if (state_ == State::open) {
    {
      const Inside inside(*this);
      if (drain_ == Drain::announced && now - state_since_ > kDrainAnnouncement) end_drain();
      watch_preface(now);
      watch_silence(now);
      on_tick(now);
      for (Http2Stream* stream = first_stream_; stream != nullptr;) std::exchange(stream, stream->next_)->on_tick(now);
    }
    flush();
  }
  settle();
}

// Who connects for nothing is no client of HTTP/2: its preface comes at once (RFC 9113 section 3.4).
void Http2Session::watch_preface(runtime::TimePoint now) noexcept {
  if (role_ == Role::server && !preface_ && now - began_ > settings_.header_timeout) close(NGHTTP2_NO_ERROR);
}

// A peer that vanished without a word would keep its streams for ever.
void Http2Session::watch_silence(runtime::TimePoint now) noexcept {
  if (ping_sent_ != runtime::kNever) {
    if (now - ping_sent_ > settings_.ping_timeout) go_over();
    return;
  }
  if (settings_.ping_interval <= runtime::Duration::zero() || first_stream_ == nullptr) return;
  if (now - last_received_ < settings_.ping_interval) return;
  if (nghttp2_submit_ping(native_, NGHTTP2_FLAG_NONE, nullptr) == 0) ping_sent_ = now;
}

void Http2Session::consume(std::int32_t stream_id, std::size_t bytes) noexcept {
  if (state_ != State::open || bytes == 0) return;
  if (nghttp2_session_consume(native_, stream_id, bytes) != 0) return go_over();
  flush_soon();
}

void Http2Session::consume_connection(std::size_t bytes) noexcept {
  if (state_ != State::open || bytes == 0) return;
  if (nghttp2_session_consume_connection(native_, bytes) != 0) return go_over();
  flush_soon();
}

void Http2Session::add(Http2Stream& stream) noexcept {
  stream.previous_ = nullptr;
  stream.next_ = first_stream_;
  if (first_stream_ != nullptr) first_stream_->previous_ = &stream;
  first_stream_ = &stream;
  ++stream_count_;
}

void Http2Session::refuse_unsent() noexcept {
  for (Http2Stream* stream = first_stream_; stream != nullptr;) {
    Http2Stream& each = *std::exchange(stream, stream->next_);
    if (!each.is_unsent()) continue;
    nghttp2_session_set_stream_user_data(native_, each.id(), nullptr);
    nghttp2_submit_rst_stream(native_, NGHTTP2_FLAG_NONE, each.id(),
                              NGHTTP2_REFUSED_STREAM);  // takes it out of the queue
    each.on_close(NGHTTP2_REFUSED_STREAM);
  }
}

void Http2Session::remove(Http2Stream& stream) noexcept {
  (stream.previous_ != nullptr ? stream.previous_->next_ : first_stream_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  --stream_count_;
}

}  // namespace marty::http::internal
