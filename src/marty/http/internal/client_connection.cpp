#include "marty/http/internal/client_connection.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "marty/base/error.hpp"
#include "marty/http/internal/outgoing.hpp"
#include "marty/http/internal/told_length.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kSentPieceBytes = 64 * 1024;  // of a body between two looks for an early reply
constexpr int kMaxInterimReplies = 100;             // to one request

[[noreturn]] void throw_unavailable(std::string_view why) { throw Error(Code::unavailable, std::string(why)); }

}  // namespace

// The body of a request that comes from a stream.
class ClientConnection::StreamWriter final : public BodyWriter {
 public:
  StreamWriter(ClientConnection& connection, std::optional<std::uint64_t> length)
      : connection_(connection), length_(length) {}

  void write(std::string_view bytes) override {
    if (bytes.empty()) return;
    length_.take(bytes.size());
    if (!length_.told()) {
      connection_.out_.append_hexadecimal(bytes.size());
      connection_.out_.append("\r\n");
    }
    connection_.send_body(bytes);
    if (!length_.told()) connection_.out_.append("\r\n");
  }
  void flush() override { connection_.flush(); }
  void finish() {
    length_.finish();
    if (!length_.told()) connection_.out_.append("0\r\n\r\n");
    connection_.flush();
  }

 private:
  ClientConnection& connection_;
  ToldLength length_;
};

bool ClientConnection::is_quiet() noexcept {
  try {
    char unasked = 0;
    return !socket_.closed_by_peer() && !socket_.try_read({&unasked, 1});
  } catch (const std::exception&) {  // it was reset
    return false;
  }
}

void ClientConnection::begin_exchange() noexcept {
  socket_.park(nullptr);
  sent_ = received_ = early_reply_ = head_taken_ = false;
  keep_alive_ = true;
  body_ended_ = false;
  interim_replies_ = 0;
  parser_.reset();
  in_.clear();
  out_.clear();
}

void ClientConnection::send(const OutgoingRequest& request, const Url& url) {
  write_head(request, url);
  if (request.stream == nullptr) {
    send_body(request.body);
    flush();
    return;
  }
  StreamWriter writer(*this, request.stream->length());
  request.stream->write_to(writer);
  writer.finish();
}

void ClientConnection::write_head(const OutgoingRequest& request, const Url& url) {
  bool has_host = false;
  out_.append(method_name(request.method));
  out_.append(" ");
  out_.append(url.target);
  out_.append(" HTTP/1.1\r\n");
  for (const auto& [name, value] : request.headers) {
    check_outgoing_header(name, value);
    has_host = has_host || header_name_equals(name, "host");
    for (const std::string_view part :
         {std::string_view(name), std::string_view(": "), std::string_view(value), std::string_view("\r\n")})
      out_.append(part);
  }
  if (!has_host) {
    out_.append("Host: ");
    out_.append(url.authority);
    out_.append("\r\n");
  }
  if (request.stream != nullptr && !request.stream->length()) {
    out_.append("Transfer-Encoding: chunked\r\n");
  } else if (const auto length = told_length(request)) {
    out_.append("Content-Length: ");
    out_.append_decimal(*length);
    out_.append("\r\n");
  }
  out_.append("\r\n");
}

void ClientConnection::send_body(std::string_view body) {
  if (body.size() <= kSentPieceBytes / 4) {
    out_.append(body);
    if (out_.size() >= kSentPieceBytes) flush();
    return;
  }
  for (; !body.empty() && !early_reply_; body.remove_prefix(std::min(kSentPieceBytes, body.size()))) {
    flush(body.substr(0, kSentPieceBytes));
    if (server_answers_early()) early_reply_ = true;
  }
}

// Once the server has answered, the rest of the request is not worth sending; the connection ends with this exchange.
void ClientConnection::flush(std::string_view more) {
  const std::array<std::string_view, 2> parts{out_.bytes(), more};
  const std::size_t total = parts[0].size() + more.size();
  if (total != 0 && !early_reply_) {
    try {
      const std::size_t at_once = socket_.try_write(parts);
      sent_ = sent_ || at_once != 0;
      if (at_once != total) {
        const std::size_t in_first = std::min(at_once, parts[0].size());
        socket_.write({parts[0].substr(in_first), more.substr(at_once - in_first)});
        sent_ = true;
      }
    } catch (const Error& error) {
      // A server that refuses a request answers and closes; its answer may be here although it takes no more.
      if (error.code() != Code::unavailable || !sent_) throw;
      early_reply_ = true;
    }
  }
  out_.clear();
}

// With its final reply, or by closing. An interim one ("100 Continue") asks to go on.
bool ClientConnection::server_answers_early() {
  make_space();
  const auto size = socket_.try_read(in_.space());
  if (!size) return false;
  in_.commit(*size);
  received_ = received_ || *size != 0;
  return *size == 0 || take_head();
}

// Room to read into. Where the bytes have to move for it, the parser begins again.
void ClientConnection::make_space() {
  if (!in_.space().empty()) return;
  in_.make_room();
  parser_.reset();
}

std::size_t ClientConnection::receive() {
  const std::size_t size = socket_.read_some(in_.space());
  in_.commit(size);
  received_ = received_ || size != 0;
  return size;
}

// True once the head of the final reply has arrived; takes in interim replies on the way.
bool ClientConnection::take_head() {
  while (!head_taken_ && !in_.empty()) {
    const Progress progress = parser_.parse(in_.unread());
    if (progress == Progress::incomplete) break;
    if (progress == Progress::failed)
      throw_unavailable("the server's reply is not valid: " + std::string(parser_.fault()));
    const int status = parser_.head().status;
    if (status == 101) throw_unavailable("the server switched protocols without being asked");
    in_.consume(parser_.head().size);
    if (status >= 200) {
      head_taken_ = true;
    } else if (++interim_replies_ > kMaxInterimReplies) {
      throw_unavailable("the server sends interim replies without end");
    } else {
      parser_.reset();
    }
  }
  return head_taken_;
}

const ReceivedHead& ClientConnection::receive_head(Method method) {
  while (!take_head()) {
    make_space();
    if (receive() == 0)
      throw_unavailable(received_ ? "the server closed the connection in the middle of its reply"
                                  : "the server closed the connection without a reply");
  }
  keep_alive_ = parser_.head().keep_alive && !early_reply_;
  begin_body(method);
  return parser_.head();
}

// RFC 9112 section 6.3.
void ClientConnection::begin_body(Method method) {
  const ReceivedHead& head = parser_.head();
  left_ = 0;
  if (method == Method::head || head.status == 204 || head.status == 304) {
    body_ = Body::none;
  } else if (head.chunked) {
    body_ = Body::chunked;
    decoder_.reset();
  } else if (head.content_length) {
    body_ = Body::length;
    left_ = *head.content_length;
  } else {
    body_ = Body::until_close;
    keep_alive_ = false;
  }
  body_ended_ = body_ == Body::none || (body_ == Body::length && left_ == 0);
}

std::size_t ClientConnection::read_body(std::span<char> buffer) {
  if (body_ended_) return 0;
  if (body_ == Body::chunked) return read_chunked(buffer);
  if (body_ == Body::until_close) {
    const std::size_t size = read_plain(buffer, buffer.size());
    body_ended_ = size == 0;
    return size;
  }
  const std::size_t size = read_plain(buffer, std::min<std::uint64_t>(left_, buffer.size()));
  if (size == 0) throw_unavailable("the server closed the connection in the middle of a body");
  left_ -= size;
  body_ended_ = left_ == 0;
  return size;
}

std::size_t ClientConnection::read_plain(std::span<char> buffer, std::size_t wanted) {
  if (in_.empty()) return socket_.read_some(buffer.first(wanted));
  const std::size_t size = std::min(wanted, in_.unread().size());
  std::memcpy(buffer.data(), in_.unread().data(), size);
  in_.consume(size);
  return size;
}

std::size_t ClientConnection::read_chunked(std::span<char> buffer) {
  while (!decoder_.done()) {
    if (in_.empty()) {
      in_.clear();  // the views of the head are void from here on
      if (receive() == 0) throw_unavailable("the server closed the connection in the middle of a body");
    }
    const auto step = decoder_.decode(in_.unread(), buffer);
    if (!step) throw_unavailable("the server's reply is not valid: " + std::string(step.error().detail));
    in_.consume(step->consumed);
    if (step->produced != 0) return step->produced;
  }
  body_ended_ = true;
  return 0;
}

}  // namespace marty::http::internal
