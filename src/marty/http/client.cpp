#include "marty/http/client.hpp"

#include <algorithm>
#include <array>

#include "marty/base/error.hpp"
#include "marty/http/internal/client_pool.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http {
namespace {

using internal::ClientConnection;
using internal::ClientPool;

Reply copy_head(const internal::ReceivedHead& head) {
  Reply reply{.status = head.status};
  reply.headers.reserve(head.headers.size());
  for (const Header& header : head.headers) reply.headers.emplace_back(header.name, header.value);
  return reply;
}

// The same error, saying which request it was.
[[noreturn]] void rethrow_for(const OutgoingRequest& request, const Error& error) {
  const std::string message = std::string(method_name(request.method)) + " " + request.url + ": " + error.message();
  throw Error(error.code(), message, std::current_exception());
}

}  // namespace

std::string_view Reply::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (header_name_equals(key, name)) return value;
  }
  return {};
}

class Client::State {
 public:
  explicit State(ClientOptions options) : options_(options), pool_(options_) {}

  Reply send(const OutgoingRequest& request);
  std::unique_ptr<StreamingReply::State> stream(const OutgoingRequest& request);

 private:
  Reply exchange(const OutgoingRequest& request, ClientPool::Lease& lease, const internal::Url& url);
  bool may_repeat(const OutgoingRequest& request, const ClientPool::Lease& lease, ClientConnection& connection,
                  int retries) const;
  std::string read_body(ClientConnection& connection);

  const ClientOptions options_;
  ClientPool pool_;
};

class StreamingReply::State {
 public:
  State(ClientPool& pool, internal::Url to, runtime::Duration timeout)
      : url(std::move(to)), lease(pool, url), read_timeout(timeout) {}

  const internal::Url url;
  ClientPool::Lease lease;
  const runtime::Duration read_timeout;
  Reply head;
};

// Sends the request and receives the head, on another connection where the first one broke and a repeat is safe.
Reply Client::State::exchange(const OutgoingRequest& request, ClientPool::Lease& lease, const internal::Url& url) {
  for (int retries = 0;; ++retries) {
    ClientConnection& connection = lease.connect(/*fresh=*/retries > 0);
    try {
      connection.send(request, url);
      return copy_head(connection.receive_head(request.method));
    } catch (const Error& error) {
      if (error.code() != Code::unavailable || !may_repeat(request, lease, connection, retries)) throw;
    }
  }
}

// A connection from the pool may have been closed by the server just now: where it took no byte, nothing has happened
// yet. Otherwise the request may have been carried out, and only an idempotent one is sent again (RFC 9110
// section 9.2.2). A body stream runs once.
bool Client::State::may_repeat(const OutgoingRequest& request, const ClientPool::Lease& lease,
                               ClientConnection& connection, int retries) const {
  if (!connection.sent_anything()) return lease.is_reused() && request.stream == nullptr;
  return is_idempotent(request.method) && request.stream == nullptr && !connection.received_anything() &&
         retries < options_.retries;
}

Reply Client::State::send(const OutgoingRequest& request) {
  const internal::Url url = internal::parse_url(request.url);
  try {
    const runtime::DeadlineScope scope(options_.timeout);
    ClientPool::Lease lease(pool_, url);
    Reply reply = exchange(request, lease, url);
    reply.body = read_body(lease.connection());
    return reply;
  } catch (const Error& error) {
    rethrow_for(request, error);
  }
}

std::string Client::State::read_body(ClientConnection& connection) {
  std::string body;
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t size = connection.read_body(buffer)) {
    if (body.size() + size > options_.max_reply_bytes) {
      throw Error(Code::out_of_range,
                  "the reply is larger than " + std::to_string(options_.max_reply_bytes) + " bytes");
    }
    body.append(buffer.data(), size);
  }
  return body;
}

std::unique_ptr<StreamingReply::State> Client::State::stream(const OutgoingRequest& request) {
  internal::Url url = internal::parse_url(request.url);
  try {
    const runtime::DeadlineScope scope(options_.timeout);
    auto state = std::make_unique<StreamingReply::State>(pool_, std::move(url), options_.timeout);
    state->head = exchange(request, state->lease, state->url);
    return state;
  } catch (const Error& error) {
    rethrow_for(request, error);
  }
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Reply Client::send(OutgoingRequest request) { return state_->send(request); }
StreamingReply Client::stream(OutgoingRequest request) { return StreamingReply(state_->stream(request)); }

StreamingReply::StreamingReply(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamingReply::StreamingReply(StreamingReply&&) noexcept = default;
StreamingReply& StreamingReply::operator=(StreamingReply&&) noexcept = default;
StreamingReply::~StreamingReply() = default;

const Reply& StreamingReply::head() const noexcept { return state_->head; }

std::size_t StreamingReply::read_some(std::span<char> buffer) {
  const runtime::DeadlineScope scope(state_->read_timeout);
  return state_->lease.connection().read_body(buffer);
}

}  // namespace marty::http
