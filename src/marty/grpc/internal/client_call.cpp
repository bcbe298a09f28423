#include "marty/grpc/internal/client_call.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "marty/grpc/internal/message_codec.hpp"
#include "marty/grpc/internal/metadata.hpp"
#include "marty/grpc/internal/status_details.hpp"
#include "marty/grpc/internal/status_text.hpp"
#include "marty/grpc/internal/timeout.hpp"
#include "marty/grpc/internal/turn.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/random.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::grpc::internal {
namespace {

using google::protobuf::Message;

constexpr std::string_view kUserAgent = "grpc-marty/0.1";

runtime::TimePoint deadline_of(const CallOptions& options) {
  const runtime::TimePoint own = runtime::deadline();
  return options.timeout > runtime::Duration::zero() ? std::min(own, runtime::after(options.timeout)) : own;
}

// Whether a call tells how its messages are compressed.
bool declares_compression(const CallOptions& call, const ChannelOptions& channel) noexcept {
  return call.compression.value_or(channel.compression);
}

bool is_compressed(const Message& message, std::optional<bool> wish, const ChannelOptions& channel) {
  return wish.value_or(channel.compression && message.ByteSizeLong() >= kMinCompressedBytes);
}

// Where something on the way answered that does not speak gRPC (HTTP to gRPC status code mapping).
Code code_of_http_status(int status) noexcept {
  switch (status) {
    case 400:
      return Code::internal;
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::permission_denied;
    case 404:
      return Code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::unavailable;
    default:
      return Code::unknown;
  }
}

// gRPC over HTTP/2, "Errors": what a reset says of a call.
Code code_of_reset(std::uint32_t error_code) noexcept {
  switch (error_code) {
    case 0x7:  // REFUSED_STREAM
      return Code::unavailable;
    case 0x8:  // CANCEL
      return Code::cancelled;
    case 0xb:  // ENHANCE_YOUR_CALM
      return Code::resource_exhausted;
    case 0xc:  // INADEQUATE_SECURITY
      return Code::permission_denied;
    default:
      return Code::internal;
  }
}

// What another server has run out of, or takes no more of from us, is nothing that our own caller asks too much of.
Error of_server(const Error& error) {
  return error.code() == Code::resource_exhausted ? error.with_http_status(503) : error;
}

// The header fields of a request, as views into what lives until the stream is open.
class RequestFields {
 public:
  RequestFields(std::vector<http::Header>& fields, const ChannelOptions& channel, const CallOptions& call,
                runtime::TimePoint deadline)
      : fields_(fields) {
    fields_.clear();
    unique_.reserve(8);
    add("content-type", "application/grpc");
    add("te", "trailers");
    add("user-agent", kUserAgent);
    add("grpc-accept-encoding", "gzip");
    if (declares_compression(call, channel)) add("grpc-encoding", "gzip");
    if (deadline != runtime::kNever) {
      timeout_ = format_timeout(deadline - runtime::now());
      unique_.push_back({"grpc-timeout", timeout_.view()});
    }
    add_context(channel.identity);
    for (const auto& [name, value] : call.metadata) add_metadata(name, value);
  }

  std::span<const http::Header> common() const noexcept { return fields_; }
  std::span<const http::Header> unique() const noexcept { return unique_; }

 private:
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void add_metadata(std::string_view name, std::string_view value) {
    if (!is_binary(name)) return add(name, value);
    texts_.push_back(encode_binary(value));
    add(name, texts_.back());
  }
  // Trace and correlation, where this fiber works for somebody. The values stand on the stack of inject().
  void add_context(telemetry::Identity identity) {
    const telemetry::Context& context = telemetry::current();
    if (!context.trace_id.valid()) return;
    context.inject(
        [this](std::string_view name, std::string_view value) {
          texts_.emplace_back(value);
          unique_.push_back({name, texts_.back()});
        },
        identity);
  }

  std::vector<http::Header>& fields_;
  std::vector<http::Header> unique_;
  std::deque<std::string> texts_;
  TimeoutText timeout_{};
};

void check_metadata(const CallOptions& options) {
  for (const auto& [name, value] : options.metadata) {
    if (is_valid_metadata(name, value)) continue;
    throw Error(Code::invalid_argument,
                "the metadata \"" + name +
                    "\" cannot be sent: names are lower case letters, digits and -_., do not "
                    "begin with grpc-, and values are printable ASCII unless the name ends in -bin");
  }
}

}  // namespace

ClientCall::ClientCall(LoopChannel& channel, const Method& method, const CallOptions& options,
                       std::optional<std::string_view> body)
    : channel_(channel),
      method_(method),
      deadline_(deadline_of(options)),
      declares_compression_(declares_compression(options, channel.options())),
      compression_(options.compression),
      reply_(options.reply),
      stream_(open(options, body)) {
  if (reply_ != nullptr) *reply_ = {};  // of an attempt before
}

http::ClientStream ClientCall::open(const CallOptions& options, std::optional<std::string_view> body) {
  check_metadata(options);
  const runtime::DeadlineScope scope(deadline_);
  if (!body) span_.emplace(channel_, method_);
  try {
    http::Http2Connection& connection = channel_.pick();
    const RequestFields fields(channel_.headers(), channel_.options(), options, deadline_);
    const http::StreamHead head{.scheme = channel_.options().tls != nullptr ? "https" : "http",
                                .authority = channel_.authority(),
                                .path = method_.path,
                                .headers = fields.common(),
                                .unique_headers = fields.unique()};
    http::ClientStream stream = body ? connection.open(head, *body) : connection.open(head);
    if (span_) span_->leave();
    return stream;
  } catch (const Error& error) {
    if (span_) span_->failed(error);
    throw error.with_message(where() + error.message());
  }
}

std::string ClientCall::where() const {
  return std::string(method_.path.substr(1)) + " at " + channel_.target().text + ": ";
}

bool ClientCall::send(const Message& message) {
  const Turn turn(is_writing_, "writing to");
  const runtime::DeadlineScope scope(deadline_);
  buffer_.clear();
  append_framed(buffer_, message, Codec::proto, is_compressed(message, compression_, channel_.options()));
  try {
    stream_.write(buffer_);
    return true;
  } catch (const Error& error) {
    if (stream_.has_ended()) return false;
    throw_broken(error);
  }
}

void ClientCall::finish_sending() {
  try {
    stream_.finish();
  } catch (const Error& error) {
    if (!stream_.has_ended()) throw_broken(error);  // else the status says why
  }
}

void ClientCall::read_head() {
  if (has_head_) return;
  const int status = stream_.status();
  const http::HeaderList headers = stream_.headers();
  if (!headers.find("grpc-status")) {  // otherwise it may be Trailers-Only: what follows will tell
    if (reply_ != nullptr) reply_->initial = read_metadata(headers);
    check_head(status, headers.get("content-type"));
  }
  frames_.emplace(&stream_.body(), channel_.options().max_message_bytes, kCompressed);
  has_head_ = true;
}

void ClientCall::check_head(int status, std::string_view content_type) const {
  if (status != 200)
    throw Error(code_of_http_status(status), "the server answered with HTTP status " + std::to_string(status));
  if (!content_type.starts_with("application/grpc") || content_type.starts_with("application/grpc-web"))
    throw Error(Code::unknown, "the server answered with \"" + std::string(content_type) + "\", which is not gRPC");
}

std::optional<std::string_view> ClientCall::receive_bytes() {
  const Turn turn(is_reading_, "reading from");
  if (has_ended_) return std::nullopt;
  const runtime::DeadlineScope scope(deadline_);
  try {
    read_head();
    if (const std::optional<Frame> frame = frames_->next()) {
      has_body_ = true;
      return content_of(*frame);
    }
  } catch (const Error& error) {
    throw_broken(error);
  }
  check_status();
  return std::nullopt;
}

bool ClientCall::receive(Message& message) {
  const std::optional<std::string_view> bytes = receive_bytes();
  if (!bytes) return false;
  if (const auto wrong = parse_message(*bytes, Codec::proto, message)) throw Error(Code::internal, where() + *wrong);
  return true;
}

void ClientCall::receive_unary(Message& message) { end_unary(receive(message)); }

std::string ClientCall::receive_unary_bytes() {
  const std::optional<std::string_view> bytes = receive_bytes();
  std::string message(bytes.value_or(std::string_view()));
  end_unary(bytes.has_value());
  return message;
}

void ClientCall::end_unary(bool received) {
  if (!received) throw Error(Code::unimplemented, where() + "the server sent no message");
  const runtime::DeadlineScope scope(deadline_);
  try {
    if (frames_->next()) throw Error(Code::unimplemented, "the server sent more than one message");
  } catch (const Error& error) {
    throw_broken(error);
  }
  check_status();
}

std::string_view ClientCall::content_of(const Frame& frame) {
  if ((frame.flags & kCompressed) == 0) return frame.payload;
  const std::string_view encoding = stream_.headers().get("grpc-encoding");
  if (encoding != "gzip")
    throw Error(Code::internal,
                "the server compresses with \"" + std::string(encoding) + "\", which was not asked for");
  return inflated_ = inflate(frame.payload, channel_.options().max_message_bytes);
}

void ClientCall::check_status() {
  has_ended_ = true;
  const http::HeaderList head = stream_.headers();
  const http::HeaderList trailers = stream_.trailers();
  const http::HeaderList fields = is_trailers_only() ? head : trailers;
  if (reply_ != nullptr) {
    if (!is_trailers_only()) reply_->initial = read_metadata(head);
    reply_->trailing = read_metadata(fields);
  }
  const auto number = fields.find("grpc-status");
  if (!number) throw Error(Code::internal, where() + "the server ended the call without a status");
  if (*number != "0") throw_status(*number, fields);
  if (span_) span_->succeeded();
}

// What the head says of the status counts only where nothing came behind it.
bool ClientCall::is_trailers_only() const noexcept {
  return !has_body_ && stream_.headers().find("grpc-status") && !stream_.trailers().find("grpc-status");
}

void ClientCall::throw_status(std::string_view number, const http::HeaderList& fields) {
  unsigned code = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), code);
  const bool known = parsed.ec == std::errc() && parsed.ptr == number.data() + number.size() && code <= 16;
  std::vector<ErrorDetail> details;
  if (const auto text = fields.find("grpc-status-details-bin")) {
    if (const auto bytes = decode_binary(*text)) details = read_status_details(*bytes);
  }
  Error error(known ? static_cast<Code>(code) : Code::unknown, parse_status_text(fields.get("grpc-message")),
              fields_of(details));
  for (ErrorDetail& detail : details) error = error.with_detail(std::move(detail));
  if (span_) span_->failed(error);
  throw of_server(error);
}

// What went wrong below is told as gRPC does.
void ClientCall::throw_broken(const Error& error) {
  const bool is_late = runtime::deadline() <= runtime::now();
  const auto reset = stream_.reset_code();
  const Code code = is_late                                            ? Code::deadline_exceeded
                    : reset && error.code() != Code::deadline_exceeded ? code_of_reset(*reset)
                                                                       : error.code();
  const Error told(code, where() + (is_late ? "the deadline passed" : error.message()), std::current_exception());
  if (span_) span_->failed(told);
  throw of_server(told);
}

namespace {

// Before one attempt and the next. The first waits about the base, each further one twice as long.
void wait_before_retry(const ChannelOptions& options, int attempt) {
  const double jitter = 0.8 + 0.4 * runtime::random_unit();
  const auto wait =
      std::chrono::duration_cast<runtime::Duration>(options.retry_backoff * (jitter * (1 << std::min(attempt, 10))));
  runtime::sleep_for(wait);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
}

// One attempt after the other; `receive` takes what comes back.
template <class Receive>
void attempt_unary(LoopChannel& channel, const Method& method, std::string_view body, const CallOptions& options,
                   Receive receive) {
  const ChannelOptions& defaults = channel.options();
  const runtime::DeadlineScope scope(options.timeout > runtime::Duration::zero() ? options.timeout : defaults.timeout);
  CallSpan span(channel, method);
  for (int attempt = 0;; ++attempt) {
    bool carried_out = false;
    bool refused = false;
    try {
      ClientCall call(channel, method, options, body);
      carried_out = true;
      try {
        receive(call);
        return span.succeeded();
      } catch (...) {
        refused = call.is_untouched();
        throw;
      }
    } catch (const Error& error) {
      const bool may_repeat = !carried_out || refused || method.idempotency != Idempotency::unknown;
      if (attempt >= defaults.retries || error.code() != Code::unavailable || !may_repeat) {
        span.failed(error);
        throw;
      }
    }
    wait_before_retry(defaults, attempt);
  }
}

}  // namespace

void call_unary(LoopChannel& channel, const Method& method, const Message& request, Message& response,
                const CallOptions& options) {
  std::string body;
  append_framed(body, request, Codec::proto, is_compressed(request, options.compression, channel.options()));
  attempt_unary(channel, method, body, options, [&](ClientCall& call) { call.receive_unary(response); });
}

std::string call_encoded(LoopChannel& channel, const Method& method, EncodedMessage request,
                         const CallOptions& options) {
  CallOptions declared = options;
  declared.compression = request.gzipped;
  std::string body;
  append_frame(body, request.gzipped ? kCompressed : 0, request.bytes);
  std::string response;
  attempt_unary(channel, method, body, declared, [&](ClientCall& call) { response = call.receive_unary_bytes(); });
  return response;
}

}  // namespace marty::grpc::internal
