// Http2Stream: one stream of an Http2Session, between nghttp2 and the fibers that use it: a queue of what arrived, with
// flow control as back-pressure, and what is to be sent, with a bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "marty/http/internal/http2_session.hpp"
#include "marty/http/internal/turns.hpp"
#include "marty/http/message.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::http::internal {

class Http2Stream : public BodySource, public BodyWriter {
 public:
  static constexpr std::size_t kQueueBytes = 64 * 1024;                // that a writer may be ahead of the network
  static constexpr std::size_t kLeastShareBytes = 4 * 1024;            // that a slow peer has to take of each
  static constexpr std::size_t kKeptBytes = 64 * 1024;                 // of memory, between two streams
  static constexpr std::uint32_t kConnectionLost = ~std::uint32_t{0};  // a close code that is none of HTTP/2

  // BodySource: what the peer sends. Throws cancelled, deadline_exceeded, unavailable (reset, cut).
  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  std::size_t read_some(std::span<char> buffer) override;
  std::string_view read_piece() override;
  std::string_view read_all(std::size_t max_bytes) override;
  void lift_limit() noexcept override { limited_ = false; }
  // BodyWriter: waits while kQueueBytes are on their way, and for those who write already. Throws as above.
  void write(std::string_view bytes) override;
  void flush() override;

  std::int32_t id() const noexcept { return id_; }
  bool is_closed() const noexcept { return closed_; }
  bool has_ended() const noexcept { return ended_; }           // the peer's side
  bool is_limited() const noexcept { return limited_; }        // what the peer sends: no stream of messages
  bool is_waited_for() const noexcept { return waited_for_; }  // the rest of what the peer sends
  std::uint32_t close_code() const noexcept { return close_code_; }
  void reset(std::uint32_t error_code) noexcept;

  // What nghttp2 tells. None of them may destroy the stream but on_close().
  virtual void on_field(std::string_view name, std::string_view value) = 0;
  virtual void on_fields_end() = 0;
  virtual void on_data(std::string_view bytes);
  void on_end() noexcept;
  virtual void on_head_sent() noexcept {}
  virtual bool is_unsent() const noexcept { return false; }
  virtual bool is_of_client() const noexcept { return false; }
  virtual void on_sent() noexcept {}  // this side's last frame
  void on_close(std::uint32_t error_code) noexcept;
  virtual void on_tick(runtime::TimePoint now) noexcept;

  // nghttp2 asks for what is to be sent, and takes it.
  std::size_t unsent() const noexcept { return fixed_.size() + queue_.size() - queue_at_; }
  bool is_finished() const noexcept { return finished_; }
  std::string_view trailers() const noexcept { return trailers_; }
  void defer() noexcept { deferred_ = true; }
  void take(std::size_t bytes, OutputBuffer& out);

  // For one stream after the other: between end() and begin() it belongs to none.
  void begin(Http2Session& session, std::int32_t id) noexcept;
  void end() noexcept;

 protected:
  bool has_grown() const noexcept;

  // The sending side: a body that stands somewhere and stays there, or write() and then finish(). `provider()` is what
  // nghttp2 gets with the head.
  void put_fixed(std::string_view body, std::string_view trailers) noexcept;
  void put_whole(std::string_view body);  // a copy
  void finish(std::string_view trailers = {});
  nghttp2_data_provider provider() noexcept;

  virtual void released() noexcept = 0;  // closed: nghttp2 knows it no more. May destroy it
  void throw_if_closed() const;
  Http2Session& session() const noexcept { return *session_; }
  std::uint64_t written_bytes() const noexcept { return written_; }        // by write()
  std::size_t arrived_bytes() const noexcept { return arriving_.size(); }  // that nobody has read

  // Of reads; what is beyond the first throws the error of too_large().
  std::size_t max_bytes_ = ~std::size_t{0};
  [[noreturn]] virtual void throw_too_large(std::size_t max_bytes) const = 0;
  virtual void wait_for_more() { readable_.wait("reading from a stream"); }
  void wake_reader() noexcept { readable_.notify(); }
  std::optional<std::uint64_t> length_;

 private:
  friend class Http2Session;
  void take_in_the_rest(std::size_t max_bytes);
  void wait_for_data();
  void write_whole(std::string_view bytes);
  void queue(std::string_view bytes);
  void consumed(std::size_t bytes) noexcept;
  void resume() noexcept;

  Http2Session* session_ = nullptr;
  Http2Stream* previous_ = nullptr;  // in the session's list
  Http2Stream* next_ = nullptr;
  std::int32_t id_ = 0;
  std::uint32_t close_code_ = 0;

  std::string arriving_;        // not handed out yet
  std::string reading_;         // handed out
  std::size_t reading_at_ = 0;  // by read_some()
  std::size_t owed_bytes_ = 0;  // that the peer may not send again before they are consumed
  std::uint64_t received_ = 0;  // handed out ever
  runtime::Wakeup readable_;

  std::string_view fixed_;
  std::string queue_;
  std::size_t queue_at_ = 0;
  std::string_view trailers_;
  Turns writers_;
  runtime::Wakeup writable_;  // for the one whose turn it is
  std::uint64_t written_ = 0;
  runtime::TimePoint last_progress_{};
  std::size_t taken_ = 0;  // since then

  bool limited_ = true;
  bool waited_for_ = false;
  bool whole_ = false;  // read_all() has had it
  bool ended_ = false;
  bool closed_ = false;
  bool reset_here_ = false;
  bool deferred_ = false;
  bool finished_ = false;
};

}  // namespace marty::http::internal
