#include "marty/http/client.hpp"

#include <mutex>

#include "marty/http/internal/client_span.hpp"
#include "marty/http/internal/loop_client.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/per_loop.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/tls/tls.hpp"

namespace marty::http {

std::string_view Reply::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (header_name_equals(key, name)) return value;
  }
  return {};
}

class Client::State {
 public:
  explicit State(ClientOptions client_options) : options(client_options) {}

  internal::LoopClient& here() { return loops_.get(); }
  const ClientOptions options;

 private:
  // The system's authorities are read when they are first needed, and once.
  const tls::ClientContext& tls() {
    if (options.tls != nullptr) return *options.tls;
    const std::lock_guard lock(tls_mutex_);
    if (own_tls_ == nullptr) own_tls_ = std::make_unique<tls::ClientContext>();
    return *own_tls_;
  }

  runtime::Mutex tls_mutex_;
  std::unique_ptr<tls::ClientContext> own_tls_;
  runtime::PerLoop<internal::LoopClient> loops_{[this] {
    return std::make_unique<internal::LoopClient>(options, [this]() -> const tls::ClientContext& { return tls(); });
  }};
};

class StreamingReply::State {
 public:
  std::unique_ptr<internal::ClientSpan> span;  // ends with the reply
  internal::LoopClient::Started started;
  const runtime::Duration read_timeout;
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Reply Client::send(OutgoingRequest request) {
  internal::ClientSpan span(request, state_->options.identity);
  try {
    Reply reply = state_->here().send(request);
    span.replied(reply.status);
    return reply;
  } catch (const Error& error) {
    span.failed(error);
    throw;
  }
}

StreamingReply Client::stream(OutgoingRequest request) {
  auto span = std::make_unique<internal::ClientSpan>(request, state_->options.identity);
  try {
    internal::LoopClient::Started started = state_->here().start(request);
    span->replied(started.head.status);
    span->leave();
    return StreamingReply(std::unique_ptr<StreamingReply::State>(
        new StreamingReply::State{std::move(span), std::move(started), state_->options.timeout}));
  } catch (const Error& error) {
    span->failed(error);
    throw;
  }
}

StreamingReply::StreamingReply(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamingReply::StreamingReply(StreamingReply&&) noexcept = default;
StreamingReply& StreamingReply::operator=(StreamingReply&&) noexcept = default;
StreamingReply::~StreamingReply() = default;

const Reply& StreamingReply::head() const noexcept { return state_->started.head; }

std::size_t StreamingReply::read_some(std::span<char> buffer) {
  const runtime::DeadlineScope scope(state_->read_timeout);
  try {
    return state_->started.exchange->read_body(buffer);
  } catch (const Error& error) {
    state_->span->failed(error);
    throw;
  }
}

}  // namespace marty::http
