// ClientConnection: one connection to an origin and the exchange that is on it. The pool parks idle ones and hears when
// the server closes them.
#pragma once

#include "marty/http/client.hpp"
#include "marty/http/internal/buffers.hpp"
#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/reply_parser.hpp"
#include "marty/http/internal/url.hpp"

namespace marty::http::internal {

class ClientConnection {
 public:
  explicit ClientConnection(runtime::Socket socket) : socket_(std::move(socket)) { in_.prepare(); }

  // Throws unavailable, deadline_exceeded. May return before all of the body is sent, where the server answers early.
  void send(const OutgoingRequest& request, const Url& url);
  // The head of the final reply; interim ones (1xx) are skipped, up to a number. Throws unavailable (closed, or not
  // HTTP), deadline_exceeded.
  const ReceivedHead& receive_head(Method method);
  // At least one byte, or 0 at the end of the body.
  std::size_t read_body(std::span<char> buffer);

  bool sent_anything() const noexcept { return sent_; }
  bool received_anything() const noexcept { return received_; }
  // After the end of the body: whether another exchange may follow.
  bool reusable() const noexcept { return body_ended_ && keep_alive_ && in_.empty(); }
  // Between two exchanges: as far as is known nothing has come from the server, not even its end.
  bool is_quiet() noexcept;
  void park(runtime::ReadableCallback* callback) noexcept { socket_.park(callback); }
  void begin_exchange() noexcept;

 private:
  enum class Body { none, length, chunked, until_close };

  void write_head(const OutgoingRequest& request, const Url& url);
  void send_body(std::string_view body);
  void flush(std::string_view more = {});
  bool server_answers_early();
  bool take_head();
  void make_space();
  std::size_t receive();  // into the buffer; 0 at the end
  void begin_body(Method method);
  std::size_t read_chunked(std::span<char> buffer);
  std::size_t read_plain(std::span<char> buffer, std::size_t wanted);

  class StreamWriter;

  runtime::Socket socket_;
  ReceiveBuffer in_;
  OutputBuffer out_;
  ReplyParser parser_;
  ChunkedDecoder decoder_;
  std::uint64_t left_ = 0;
  Body body_ = Body::none;
  int interim_replies_ = 0;
  bool head_taken_ = false;  // of the final reply
  bool sent_ = false;
  bool received_ = false;
  bool keep_alive_ = true;
  bool body_ended_ = true;
  bool early_reply_ = false;  // the server has answered before it had the whole request
};

}  // namespace marty::http::internal
