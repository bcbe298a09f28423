#include "marty/grpc/internal/server_call.hpp"

#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/compress/compress.hpp"
#include "marty/grpc/internal/connect.hpp"
#include "marty/grpc/internal/message_codec.hpp"
#include "marty/grpc/internal/timeout.hpp"
#include "marty/grpc/internal/trailers.hpp"
#include "marty/grpc/internal/turn.hpp"
#include "marty/web/media_type.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Message;

bool streams_out(MethodKind kind) noexcept {
  return kind == MethodKind::server_streaming || kind == MethodKind::bidi_streaming;
}

std::uint8_t request_flags(Framing framing) noexcept {
  return framing == Framing::connect_stream ? kCompressed | kConnectEnd : kCompressed;
}

Error unsupported_media_type(std::string_view what) {
  return Error(Code::invalid_argument, std::string(what)).with_http_status(415);
}

}  // namespace

ServerCall::ServerCall(web::Exchange& exchange, const MethodHandler& handler)
    : Call(exchange.request(), exchange.response()), exchange_(exchange), handler_(handler) {
  read_headers();
}

bool ServerCall::reads_query() const noexcept { return request_.method == http::Method::get; }

void ServerCall::read_headers() {
  const MethodKind kind = handler_.method.kind;
  if (reads_query()) {  // Connect, of methods without side effects
    format_ = query_format(request_.query());
    return;
  }
  const std::optional<Format> format = parse_format(request_.header("content-type"));
  if (!format)
    throw unsupported_media_type("send application/grpc, application/grpc-web, application/json or application/proto");
  format_ = *format;
  if (format_.framing == Framing::connect && kind != MethodKind::unary)
    throw unsupported_media_type("this method streams: send application/connect+json or application/connect+proto");
  if (format_.framing == Framing::connect_stream && kind == MethodKind::unary)
    throw unsupported_media_type("this method is unary: send application/json or application/proto");
  if (format_.framing == Framing::grpc && request_.version_major != 2)
    throw Error(Code::unimplemented, "gRPC needs HTTP/2; over HTTP/1.1 there are gRPC-Web and Connect")
        .with_http_status(505);
  if (format_.is_connect()) check_connect_version(request_);
  read_encoding();
}

// Content-Encoding, which Connect's unary calls have, is a list.
void ServerCall::read_encoding() {
  for (const std::string_view encoding : request_.list(encoding_name(format_.framing))) {
    if (equals_ignore_case(encoding, "identity")) continue;
    if (web::is_coding(encoding, "gzip") && !std::exchange(compressed_request_, true)) continue;
    response_.add_header(accept_encoding_name(format_.framing), "gzip");
    throw Error(Code::unimplemented, "messages compressed with " + std::string(encoding) + " cannot be read: gzip can");
  }
}

void ServerCall::read_unary(Message& request) {
  reads_query() ? read_query(request) : read_body(request);
  throw_if_late();
}

void ServerCall::read_query(Message& request) {
  const QueryMessage message = query_message(request_.query());
  decode(message.bytes, message.compressed, request);
}

void ServerCall::read_body(Message& request) {
  std::string_view body;
  try {
    const std::size_t most = handler_.options.max_message_bytes + kFrameHeadBytes;
    body = request_.body(format_.framing == Framing::web_text ? most / 3 * 4 + 8 : most);
  } catch (const Error& error) {
    if (error.http_status() != 413) throw;
    throw_message_too_large(handler_.options.max_message_bytes);
  }
  if (format_.framing == Framing::connect) return decode(body, compressed_request_, request);
  if (format_.framing == Framing::web_text) body = text_ = decode_web_text(body);
  const std::optional<Frame> frame =
      only_frame(body, handler_.options.max_message_bytes, request_flags(format_.framing));
  if (!frame) throw Error(Code::unimplemented, "the method takes one message, and none was sent");
  decode(frame->payload, (frame->flags & kCompressed) != 0, request);
}

bool ServerCall::read(Message& message) {
  const Turn turn(is_reading_, "reading from");
  if (!frames_) {
    if (format_.framing == Framing::web_text) {  // all at once, and so within the server's limit
      text_ = decode_web_text(request_.body());
      frames_.emplace(std::string_view(text_), handler_.options.max_message_bytes, kCompressed);
    } else {
      if (request_.body_source != nullptr) request_.body_source->lift_limit();
      frames_.emplace(request_.body_source, handler_.options.max_message_bytes, request_flags(format_.framing));
    }
  }
  const std::optional<Frame> frame = frames_->next();
  if (!frame || (format_.framing == Framing::connect_stream && (frame->flags & kConnectEnd) != 0)) return false;
  decode(frame->payload, (frame->flags & kCompressed) != 0, message);
  return true;
}

void ServerCall::decode(std::string_view bytes, bool compressed, Message& message) {
  if (compressed && !compressed_request_ && !reads_query())
    throw Error(Code::internal, "a message is compressed, and its encoding was not told").for_callers();
  if (compressed && !bytes.empty()) bytes = inflated_ = inflate(bytes, handler_.options.max_message_bytes);
  if (const auto wrong = parse_message(bytes, format_.codec, message)) throw Error(Code::invalid_argument, *wrong);
}

void ServerCall::write_unary(const Message& response) {
  response_.add_header_unchecked("content-type", format_.content_type);
  std::string& body = response_.body();
  if (format_.framing != Framing::connect) return append(body, response);
  append_message(body, response, format_.codec);
  if (!compresses(false) || !caller_takes_gzip()) return;  // otherwise the application's compression decides
  body = compress::compress(compress::Coding::gzip, body);
  response_.set_header("content-encoding", "gzip");
}

void ServerCall::write(const Message& message) {
  const Turn turn(is_writing_, "writing to");
  begin_head();
  buffer_.clear();
  append(buffer_, message);
  put(buffer_);
}

void ServerCall::append(std::string& out, const Message& message) {
  const bool large = handler_.options.compression && message.ByteSizeLong() >= kMinCompressedBytes;
  const bool compressed = compresses(large) && caller_takes_gzip();
  if (compressed && !response_.begun()) response_.set_header(encoding_name(format_.framing), "gzip");
  append_framed(out, message, format_.codec, compressed);
}

void ServerCall::flush() {
  const Turn turn(is_writing_, "writing to");
  begin_head();
  exchange_.begin_response().flush();
}

// The encoding is told whether or not a message will use it: each says that by itself.
void ServerCall::begin_head() {
  if (response_.begun()) return;
  response_.add_header_unchecked("content-type", format_.content_type);
  if (caller_takes_gzip()) response_.add_header_unchecked(encoding_name(format_.framing), "gzip");
  exchange_.begin_response();
}

bool ServerCall::caller_takes_gzip() const noexcept {
  return web::prefers_coding(request_.list(accept_encoding_name(format_.framing)), "gzip");
}

void ServerCall::put(std::string_view bytes) {
  http::BodyWriter& body = exchange_.begin_response();
  format_.framing == Framing::web_text ? body.write(base64_encode(bytes)) : body.write(bytes);
}

void ServerCall::finish() {
  if (streams_out(handler_.method.kind)) begin_head();
  switch (format_.framing) {
    case Framing::grpc:
      return response_.add_trailer_unchecked("grpc-status", "0");
    case Framing::web:
    case Framing::web_text: {
      const std::string last = web_trailers(response_.take_trailers() + "grpc-status: 0\r\n");
      if (response_.begun()) return put(last);
      response_.body() += last;
      if (format_.framing == Framing::web_text) response_.body() = base64_encode(response_.body());
      return;
    }
    case Framing::connect:
      return move_trailers_to_headers(response_);
    case Framing::connect_stream: {
      const std::string last = end_of_stream(response_.take_trailers(), nullptr);
      if (response_.begun()) return put(last);
      response_.body() += last;
      return;
    }
  }
}

}  // namespace marty::grpc::internal
