// Http1Session: the requests and replies of one active HTTP/1.1 connection. Serves every complete request of a read,
// then writes all replies at once, and ends when nothing more is there: until then it occupies a fiber, from then on
// the connection is idle.
#pragma once

#include <optional>

#include "marty/http/internal/reply_stream.hpp"
#include "marty/http/internal/request_place.hpp"
#include "marty/http/internal/scratch.hpp"

namespace marty::http::internal {

class Connection;
class LoopServer;

class Http1Session final : private ResponseChannel {
 public:
  // part: in order, as the server goes; the client has been told.
  enum class End { idle, close, part, http2 };

  // `fresh`: nothing has come from this client yet, so that it may still be one of HTTP/2 (RFC 9113 section 3.3): then
  // serve() ends with what has arrived in the scratch.
  Http1Session(LoopServer& server, Scratch& scratch, Connection& connection, bool fresh);
  End serve() noexcept;

 private:
  enum class Receipt { bytes, idle, closed };

  void serve_until_quiet();
  Receipt receive();
  Receipt wait_for_rest();
  void serve_request();
  void give_way();
  void present_request();
  void finish_request();
  bool is_last() const noexcept;
  void refuse(const ParseError& error);
  ReplyHead reply_head() const noexcept;
  void frame_stream(ReplyHead& head, std::optional<std::uint64_t> length);
  void write_reply();
  BodyWriter& begin(Response&) override { return begin(ReplyStream::Flush::when_waiting, std::nullopt); }
  BodyWriter& begin_stream(Response&, std::optional<std::uint64_t> length) override {
    return begin(ReplyStream::Flush::when_full, length);
  }
  std::uint64_t body_bytes() const noexcept override { return begun_ ? begun_->written() : 0; }
  BodyWriter& begin(ReplyStream::Flush flush, std::optional<std::uint64_t> length);
  void finish_begun();
  const RequestBody* request_body() const noexcept;  // null: there is none
  std::string_view trailers() const noexcept;

  LoopServer& server_;
  Scratch& scratch_;
  Wire wire_;
  RequestPlace place_;
  Connection& connection_;
  runtime::Fiber& fiber_;
  runtime::TimePoint head_deadline_ = runtime::kNever;  // of the request that has begun to arrive
  std::optional<ReplyStream> begun_;                    // what the handler writes the body to, where it began the reply
  int left_in_a_row_;
  bool fresh_;
  bool is_http2_ = false;
  bool closing_ = false;
  bool lingering_ = false;  // the client may still be sending
  bool keep_alive_ = true;  // of the current exchange
};

}  // namespace marty::http::internal
