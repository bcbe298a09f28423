// Http1Session: the requests and replies of one active HTTP/1.1 connection. Serves every complete request of a read,
// then writes all replies at once, and ends when nothing more is there: until then it occupies a fiber, from then on
// the connection is idle.
#pragma once

#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/scratch.hpp"

namespace marty::http::internal {

class LoopServer;

class Http1Session {
 public:
  enum class End { idle, close };

  Http1Session(LoopServer& server, Scratch& scratch, runtime::Socket& socket, const runtime::Address& peer);
  End serve() noexcept;

 private:
  enum class Receipt { bytes, idle, closed };

  void serve_until_quiet();
  Receipt receive();
  Receipt wait_for_rest();
  void serve_request();
  void give_way();
  void present_request();
  void call_handler();
  void answer_exception();
  void finish_request();
  void refuse(const ParseError& error);
  void write_reply();
  void write_stream(ReplyHead& head);

  LoopServer& server_;
  Scratch& scratch_;
  Wire wire_;
  const runtime::Address& peer_;
  runtime::TimePoint head_deadline_ = runtime::kNever;  // of the request that has begun to arrive
  int left_in_a_row_;
  bool closing_ = false;
  bool lingering_ = false;  // the client may still be sending
  bool keep_alive_ = true;  // of the current exchange
};

}  // namespace marty::http::internal
