// Http2Server: the server's side of an HTTP/2 connection. Each request is a stream with a fiber of its own while its
// handler runs; a request whose body has arrived with it starts when the batch has been read, so that nothing waits.
#pragma once

#include "marty/http/internal/body_pace.hpp"
#include "marty/http/internal/http2_request_head.hpp"
#include "marty/http/internal/http2_stream.hpp"
#include "marty/http/internal/http2_stream_pool.hpp"
#include "marty/http/internal/request_place.hpp"

namespace marty::http::internal {

class Connection;
class Http2Server;
class LoopServer;

// A request, its handler's fiber, and its response. From the loop's pool.
class Http2ServerStream final : public Http2Stream, public runtime::FiberJob, private ResponseChannel {
 public:
  explicit Http2ServerStream(LoopServer& server) : server_(server), place_(server) {}

  void begin(Http2Server& session, std::int32_t id) noexcept;
  // BodySource: within a place among the requests in flight.
  std::size_t read_some(std::span<char> buffer) override;
  std::string_view read_piece() override;
  std::string_view read_all(std::size_t max_bytes) override;

  bool is_waiting_to_start() const noexcept { return state_ == State::complete; }
  void refuse_to_start() noexcept;  // no memory for a stack

  // FiberJob: the handler, then the response.
  void run() override;
  void finished() noexcept override;
  std::string title() const override;

  // Http2Stream.
  void on_field(std::string_view name, std::string_view value) override;
  void on_fields_end() override;
  void on_data(std::string_view bytes) override;
  void on_sent() noexcept override;
  void on_tick(runtime::TimePoint now) noexcept override;

  bool has_grown() const noexcept;
  void end() noexcept;  // for the next one

  Http2ServerStream* next_arrived = nullptr;
  Http2ServerStream* next_free = nullptr;

 private:
  enum class State : std::uint8_t { head, complete, running, done };
  class PacedWait;
  // The body of a reply that has none: to HEAD.
  class Nowhere final : public BodyWriter {
   public:
    void write(std::string_view) override {}
    void flush() override {}
  };

  void released() noexcept override;
  [[noreturn]] void throw_too_large(std::size_t max_bytes) const override;
  void wait_for_more() override;
  void invite();
  void watch_pace(runtime::TimePoint now) noexcept;

  BodyWriter& begin(Response& response) override { return begin_stream(response, std::nullopt); }
  BodyWriter& begin_stream(Response& response, std::optional<std::uint64_t> length) override;
  std::uint64_t body_bytes() const noexcept override { return written_bytes(); }
  void present_connection();
  void present_body();
  void serve();
  void send_response();
  void send_head(std::optional<std::uint64_t> length);
  Http2Server& http2() const noexcept;

  LoopServer& server_;
  RequestPlace place_;
  BodyPace pace_;
  Http2RequestHead head_;
  Request request_;
  Response response_;
  Nowhere nowhere_;
  runtime::Fiber* fiber_ = nullptr;
  runtime::TimePoint began_{};                        // of the head
  runtime::TimePoint answered_{};                     // completely, before the request was
  runtime::TimePoint waits_since_ = runtime::kNever;  // for more of the body, as far as that was not counted yet
  runtime::Duration waited_{0};                       // since the last tick
  std::size_t dropped_bytes_ = 0;                     // of the request, since then
  State state_ = State::head;
  bool owes_continue_ = false;
  bool too_slow_ = false;   // the body
  bool completed_ = false;  // the reply has gone, although the handler may go on (HEAD)
};

using Http2ServerStreams = Http2StreamPool<Http2ServerStream, 256>;  // one per loop

class Http2Server final : public Http2Session {
 public:
  Http2Server(LoopServer& server, Connection& connection);
  ~Http2Server() override;

  // For its streams.
  Connection& connection() const noexcept { return connection_; }
  void arrived(Http2ServerStream& stream) noexcept;  // its head is complete
  void fiber_ended(Http2ServerStream& stream) noexcept;
  void recycle(Http2ServerStream& stream) noexcept;
  // A request waits for its body, or does not any more.
  void add_waiting(std::ptrdiff_t requests) noexcept { waiting_ += static_cast<std::size_t>(requests); }
  // In the last second: all bodies together came as fast as those have to that are waited for, or could not.
  bool bodies_flow() const noexcept { return bodies_flow_; }

 private:
  Http2Stream* accept_stream(std::int32_t id) override;
  void after_batch() noexcept override;
  void on_tick(runtime::TimePoint now) noexcept override;
  void settle() noexcept override;

  LoopServer& server_;
  Connection& connection_;
  Http2ServerStream* first_arrived_ = nullptr;
  Http2ServerStream* last_arrived_ = nullptr;
  std::size_t waiting_ = 0;  // requests, for more of their bodies
  bool bodies_flow_ = true;
  runtime::TimePoint ticked_ = runtime::coarse_now();
  std::size_t fibers_ = 0;  // of handlers; those of streams that were reset, too
};

}  // namespace marty::http::internal
