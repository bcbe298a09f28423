#include "marty/http/internal/http1_session.hpp"

#include "marty/base/error.hpp"
#include "marty/http/internal/answer.hpp"
#include "marty/http/internal/connection.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kCopiedBodyBytes = 16 * 1024;  // a larger body is written from where it stands
constexpr std::size_t kMaxBatchBytes = 64 * 1024;    // replies to pipelined requests are sent at the latest then
constexpr int kMaxRequestsInARow = 64;               // then the other connections of the loop have their turn
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n";  // RFC 9113 section 3.4: how it begins

}  // namespace

Http1Session::Http1Session(LoopServer& server, Scratch& scratch, Connection& connection, bool fresh)
    : server_(server),
      scratch_(scratch),
      wire_(connection.socket(), scratch.in, scratch.out, server.limits()),
      place_(server),
      connection_(connection),
      fiber_(runtime::current_fiber()),
      left_in_a_row_(kMaxRequestsInARow),
      fresh_(fresh) {
  scratch_.response.attach(this);
}

Http1Session::End Http1Session::serve() noexcept {
  End end = End::close;
  try {
    serve_until_quiet();
    if (is_http2_) return End::http2;
    if (!closing_) return End::idle;  // the scratch is as it was
    wire_.flush();
    if (lingering_) {
      wire_.linger();
    } else if (server_.says_close()) {
      end = End::part;
    }
  } catch (...) {
    // The client is gone or too slow, this fiber was cancelled, or a body stream failed: the client sees that the reply
    // is incomplete.
  }
  connection_.set_request(nullptr);
  begun_.reset();
  scratch_.in.clear();
  scratch_.out.clear();
  scratch_.parser.reset();
  scratch_.response.clear();
  return end;
}

void Http1Session::serve_until_quiet() {
  while (!closing_) {
    if (!scratch_.in.empty()) {
      const Progress progress = scratch_.parser.parse(scratch_.in.unread());
      if (progress == Progress::complete) {
        serve_request();
        if (--left_in_a_row_ == 0) give_way();
        continue;
      }
      if (progress == Progress::failed) {
        is_http2_ = fresh_ && server_.speaks_http2() && scratch_.in.unread().starts_with(kHttp2Preface);
        return is_http2_ ? scratch_.parser.reset() : refuse(scratch_.parser.error());
      }
    }
    wire_.flush();
    const Receipt receipt = receive();
    if (receipt == Receipt::idle) return;
    if (receipt == Receipt::closed) closing_ = true;
  }
}

// A client that pipelines without end would have the loop for itself.
void Http1Session::give_way() {
  left_in_a_row_ = kMaxRequestsInARow;
  wire_.flush();
  runtime::yield();
}

Http1Session::Receipt Http1Session::receive() {
  ReceiveBuffer& in = scratch_.in;
  if (in.empty()) {
    in.clear();
  } else if (in.space().size() < ReceiveBuffer::kMinSpaceBytes / 4) {
    in.make_room();
  }
  const std::optional<std::size_t> size = wire_.try_read(in.space());
  if (!size) return in.empty() ? Receipt::idle : wait_for_rest();
  in.commit(*size);
  return *size == 0 ? Receipt::closed : Receipt::bytes;
}

Http1Session::Receipt Http1Session::wait_for_rest() {
  if (head_deadline_ == runtime::kNever) head_deadline_ = runtime::after(wire_.limits.header_timeout);
  std::size_t size = 0;
  try {
    size = wire_.read(scratch_.in.space(), head_deadline_);
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded) throw;
    scratch_.parser.relocate(scratch_.in.unread().data());  // which may have moved since it was looked at
    refuse({408, Code::deadline_exceeded, "the request head did not arrive in time"});
    return Receipt::closed;
  }
  scratch_.in.commit(size);
  return size == 0 ? Receipt::closed : Receipt::bytes;
}

// The connection cannot go on: where the next request would begin is unknown, or not to be trusted.
void Http1Session::refuse(const ParseError& error) {
  server_.count_malformed();
  keep_alive_ = false;
  closing_ = lingering_ = true;
  scratch_.request.body_source = nullptr;
  present_request();
  internal::refuse(server_, scratch_.request, scratch_.response, error);
  write_reply();
  scratch_.parser.reset();
  scratch_.response.clear();
}

void Http1Session::serve_request() {
  head_deadline_ = runtime::kNever;
  const RequestHead& head = scratch_.parser.head();
  if (head.content_length.value_or(0) > wire_.limits.body_bytes) return refuse(kBodyTooLarge);
  const bool has_body = head.chunked || head.content_length.value_or(0) != 0;
  if (has_body && scratch_.in.capacity() - scratch_.in.position() - head.size < ReceiveBuffer::kMinSpaceBytes) {
    scratch_.in.make_room();
    scratch_.parser.relocate(scratch_.in.unread().data());
  }
  scratch_.in.consume(head.size);
  scratch_.body.begin(wire_, place_, head);
  keep_alive_ = head.keep_alive;
  scratch_.request.body_source = has_body ? &scratch_.body : nullptr;
  present_request();
  fresh_ = false;
  connection_.set_request(&scratch_.request);
  answer(server_, place_, scratch_.request, scratch_.response);
  finish_request();
  connection_.set_request(nullptr);
}

void Http1Session::present_request() {
  const RequestHead& head = scratch_.parser.head();
  Request& request = scratch_.request;
  request.method = head.method;
  request.method_text = head.method_text;
  request.target = head.target;
  request.authority = head.authority;
  request.headers = HeaderList(head.headers);
  request.version_minor = head.version_minor;
  request.peer = &connection_.peer();
  request.secure = connection_.is_secure();
  request.client = connection_.client();
}

void Http1Session::finish_request() {
  bool drains = false;
  if (scratch_.request.body_source != nullptr) {
    drains = scratch_.body.skip_arrived();
    if (!drains) keep_alive_ = false, lingering_ = true;
  }
  if (is_last()) keep_alive_ = false;
  write_reply();
  if (!keep_alive_) {
    closing_ = true;
    if (!scratch_.in.empty()) lingering_ = true;
  } else if (drains && !scratch_.body.drained()) {
    wire_.flush();
    scratch_.body.drain();
  }
  scratch_.parser.reset();
  scratch_.response.clear();
  if (scratch_.out.size() >= kMaxBatchBytes) wire_.flush();
}

// A server that goes says so with its last reply, and serves nothing after it (RFC 9112 section 9.6). Requests that
// have arrived behind this one come before, but for those of a client that pipelines without end.
bool Http1Session::is_last() const noexcept {
  const bool more = !scratch_.in.empty() && left_in_a_row_ > 1;
  return scratch_.response.closes_connection() || (server_.says_close() && !more);
}

ReplyHead Http1Session::reply_head() const noexcept {
  return {.status = scratch_.response.status,
          .headers = scratch_.response.wire_headers(),
          .version_minor = scratch_.request.version_minor,
          .keep_alive = keep_alive_};
}

void Http1Session::write_reply() {
  Response& response = scratch_.response;
  if (response.begun()) return finish_begun();
  ReplyHead head = reply_head();
  if (forbids_body(response.status)) {
    head.framing = Framing::none;
  } else {
    head.length = response.body().size();
  }
  append_reply_head(scratch_.out, server_.date(), head);
  if (head.framing == Framing::none || scratch_.request.method == Method::head) return;
  if (response.body().size() > kCopiedBodyBytes) {
    wire_.flush_with(response.body());
  } else {
    scratch_.out.append(response.body());
  }
}

// How a body is delimited that is written piece by piece.
void Http1Session::frame_stream(ReplyHead& head, std::optional<std::uint64_t> length) {
  if (length) {
    head.length = *length;
  } else if (head.version_minor == 1) {
    head.framing = Framing::chunked;
  } else {
    head.framing = Framing::until_close;
    if (scratch_.request.method != Method::head) keep_alive_ = head.keep_alive = false;
  }
}

BodyWriter& Http1Session::begin(ReplyStream::Flush flush, std::optional<std::uint64_t> length) {
  const Response& response = scratch_.response;
  if (is_last()) keep_alive_ = false;
  if (scratch_.request.body_source != nullptr) scratch_.body.invite();
  ReplyHead head = reply_head();
  if (forbids_body(response.status)) {
    head.framing = Framing::none;
  } else {
    frame_stream(head, length);
  }
  const Framing framing = scratch_.request.method == Method::head ? Framing::none : head.framing;
  begun_.emplace(wire_, request_body(), fiber_, flush, framing);  // first: it may fail, and nothing be said yet
  try {
    append_reply_head(scratch_.out, server_.date(), head);
  } catch (...) {
    begun_.reset();
    throw;
  }
  return *begun_;
}

void Http1Session::finish_begun() {
  if (scratch_.response.failed()) throw Error(Code::internal, "a reply was begun and could not be completed");
  begun_->finish(trailers());
  begun_.reset();
}

const RequestBody* Http1Session::request_body() const noexcept {
  return scratch_.request.body_source != nullptr ? &scratch_.body : nullptr;
}

// What the client wants of them (RFC 9110 section 10.1.4).
std::string_view Http1Session::trailers() const noexcept {
  const std::string_view lines = scratch_.response.wire_trailers();
  return !lines.empty() && scratch_.request.headers.contains_token("te", "trailers") ? lines : std::string_view();
}

}  // namespace marty::http::internal
