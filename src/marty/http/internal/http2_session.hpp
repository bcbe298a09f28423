// Http2Session: one HTTP/2 connection (RFC 9113), of either side, around nghttp2. What arrives goes to the streams;
// what they have to send goes out in as few writes as possible: at the end of a batch of reads, or behind the fibers
// that are ready now. Reading takes no fiber, and writing only where the peer is slow.
//
// Lives on one loop. nghttp2 is entered from callbacks of the loop and from fibers, and never left by a switch.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "marty/http/internal/buffers.hpp"
#include "marty/http/internal/http2_fields.hpp"
#include "marty/http/internal/http2_guard.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http::internal {

class Http2Stream;

struct Http2Settings {
  std::uint32_t max_concurrent_streams = 128;  // that the peer may have open
  std::uint32_t stream_window_bytes = 256 * 1024;
  std::uint32_t connection_window_bytes = 1024 * 1024;
  std::uint32_t header_list_bytes = 32 * 1024;
  runtime::Duration header_timeout = std::chrono::seconds(10);  // of a client's preface, and of each of its heads
  runtime::Duration write_timeout = std::chrono::seconds(30);
  runtime::Duration ping_interval = std::chrono::seconds(60);  // of silence, while a stream is open; 0: never
  runtime::Duration ping_timeout = std::chrono::seconds(20);
};

// Of a call into nghttp2. Throws bad_alloc, or unavailable where the state of the connection or stream forbids the
// call.
void require(std::ptrdiff_t result);

// What the sessions of one loop share: nothing of it is in use between two callbacks.
class Http2Workspace {
 public:
  Http2Workspace();
  ~Http2Workspace();
  Http2Workspace(const Http2Workspace&) = delete;
  Http2Workspace& operator=(const Http2Workspace&) = delete;

  const nghttp2_session_callbacks* callbacks() const noexcept { return callbacks_; }
  const nghttp2_option* options() const noexcept { return options_; }

  static constexpr std::size_t kMaxCollectedBytes = 64 * 1024;
  OutputBuffer out;  // up to so many bytes and a frame, then they go to the socket
  Http2Fields fields;

 private:
  nghttp2_session_callbacks* callbacks_ = nullptr;
  nghttp2_option* options_ = nullptr;
};

class Http2Session : public runtime::ReadableCallback {
 public:
  enum class Role : std::uint8_t { server, client };

  // REQUIRES: `socket`, `workspace` and `settings` outlive it.
  Http2Session(Role role, runtime::Socket& socket, Http2Workspace& workspace, const Http2Settings& settings);
  virtual ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // In a callback of the loop. `received`: what has arrived already.
  void start(std::string_view received) noexcept;
  // On a fiber, for a client: its preface goes out with the first request.
  void start() noexcept;
  void on_readable() noexcept final;
  // Once a second: what takes too long.
  void tick(runtime::TimePoint now) noexcept;

  // No new streams; those that are open end in peace, then the connection (RFC 9113 section 6.8).
  void drain() noexcept;
  // Says why, and ends. Streams are cut.
  void close(std::uint32_t error_code) noexcept;
  // At once, without a word.
  void cut() noexcept;
  bool is_open() const noexcept { return state_ == State::open; }  // may send
  bool is_draining() const noexcept { return drain_ != Drain::no; }

  // For streams.
  nghttp2_session* native() const noexcept { return native_; }
  Http2Fields& fields() noexcept { return workspace_.fields.clear(); }
  const Http2Settings& settings() const noexcept { return settings_; }
  void flush_soon() noexcept;  // behind the fibers that are ready now
  void flush() noexcept;       // as much as the socket takes
  // Bytes that were received and have found their reader: the peer may send as many more.
  void consume(std::int32_t stream_id, std::size_t bytes) noexcept;
  void consume_connection(std::size_t bytes) noexcept;  // of a stream that is no more
  void add(Http2Stream& stream) noexcept;
  void remove(Http2Stream& stream) noexcept;
  std::size_t streams() const noexcept { return stream_count_; }

 protected:
  // A new stream of the peer's; null refuses it.
  virtual Http2Stream* accept_stream(std::int32_t id) = 0;
  // After a batch of frames: streams of which something arrived may go on.
  virtual void after_batch() noexcept {}
  // After whatever may have changed the state; may destroy this.
  virtual void settle() noexcept = 0;
  virtual void on_peer_goes_away() noexcept {}
  // Before the streams are told the time.
  virtual void on_tick(runtime::TimePoint) noexcept {}
  bool is_over() const noexcept { return state_ == State::over && !flusher_.active && !pauser_.active; }
  bool is_busy() const noexcept { return inside_; }
  std::size_t take_body_bytes() noexcept { return std::exchange(body_bytes_, 0); }  // received since the last call
  // Those that nghttp2 has not sent yet, and will not any more.
  void refuse_unsent() noexcept;
  bool has_preface() const noexcept { return preface_; }

 private:
  friend struct Http2Callbacks;
  enum class State : std::uint8_t { open, ending, over };
  enum class Drain : std::uint8_t { no, announced, final };

  // Sends what the socket did not take at once, and what fibers have to say together.
  class Flusher final : public runtime::FiberJob {
   public:
    explicit Flusher(Http2Session& session) : session_(session) {}
    void run() override;
    void finished() noexcept override;
    runtime::Fiber* fiber = nullptr;
    bool active = false;

   private:
    Http2Session& session_;
  };

  // Lets nothing be read for a moment: for a peer that asks for more than it should.
  class Pauser final : public runtime::FiberJob {
   public:
    explicit Pauser(Http2Session& session) : session_(session) {}
    void run() override;
    void finished() noexcept override;
    runtime::Fiber* fiber = nullptr;
    bool active = false;

   private:
    Http2Session& session_;
  };

  // While one exists, nghttp2 is on the stack or the streams are gone through: what there is to send goes out behind
  // it, the streams of a connection that is lost meanwhile are closed at its end, and nobody destroys the session.
  class Inside {
   public:
    explicit Inside(Http2Session& session) noexcept
        : session_(session), outermost_(!std::exchange(session.inside_, true)) {}
    ~Inside() {
      if (!outermost_) return;
      session_.inside_ = false;
      if (session_.state_ != State::open) session_.lose_streams();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Http2Session& session_;
    const bool outermost_;
  };

  void read_batch();
  void read_on() noexcept;
  void take(std::string_view bytes);
  bool collect();  // into the workspace's out; false where there is nothing to send
  void send_collected();
  void flush_slowly();
  void end_if_done() noexcept;
  void go_over() noexcept;
  void linger() noexcept;
  void lose_streams() noexcept;
  void watch_preface(runtime::TimePoint now) noexcept;
  void watch_silence(runtime::TimePoint now) noexcept;
  void on_preface() noexcept { preface_ = true; }
  void on_pong() noexcept;
  void end_drain() noexcept;

  runtime::Socket& socket_;
  Http2Workspace& workspace_;
  const Http2Settings& settings_;
  runtime::Loop& loop_;
  nghttp2_session* native_ = nullptr;
  Http2Stream* first_stream_ = nullptr;
  std::size_t stream_count_ = 0;
  std::size_t header_bytes_ = 0;  // of the header section that arrives, decoded
  std::string unsent_;            // what the socket did not take
  std::size_t body_bytes_ = 0;    // received
  Flusher flusher_{*this};
  Pauser pauser_{*this};
  Http2Guard guard_;
  const runtime::TimePoint began_ = runtime::coarse_now();
  runtime::TimePoint last_received_{};
  runtime::TimePoint ping_sent_ = runtime::kNever;  // and not answered
  runtime::TimePoint state_since_{};                // ending, or draining
  State state_ = State::open;
  Drain drain_ = Drain::no;
  const Role role_;
  bool preface_ = false;  // of the peer: all of it, which ends with SETTINGS
  bool inside_ = false;
};

}  // namespace marty::http::internal
