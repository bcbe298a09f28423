// The HTTP client: HTTP/1.1 and HTTP/2, with and without TLS; pooled connections per origin, deadlines, streaming,
// retries only where a repeat is safe.
//
//   http::Client client;
//   auto reply = client.send({.method = Method::post, .url = "https://shop/api/v1/orders", .headers =
//   {{"content-type", "application/json"}}, .body = text}); if (reply.status == 201) ...
//
// Trace and correlation go along, and each request is a span of the caller's trace. Shared by the fibers of all loops,
// each of which has connections of its own. Throws Error: unavailable (refused,
// reset, cut in the middle, a certificate that is not for the server or not to be trusted), deadline_exceeded,
// invalid_argument (URL, headers), out_of_range (reply larger than allowed). An HTTP status is a reply, never an
// exception.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::tls {
class ClientContext;
}

namespace marty::http {

// automatic: over TLS what the server likes better of both, without TLS HTTP/1.1. http2: also without TLS (prior
// knowledge), and nothing else.
enum class Protocol : std::uint8_t { automatic, http1, http2 };

struct ClientOptions {
  Protocol protocol = Protocol::automatic;
  const tls::ClientContext* tls = nullptr;  // of https; null: trusts what the system trusts. Must outlive the client
  std::size_t connections_per_origin = 64;  // of HTTP/1.1; more requests wait
  runtime::Duration connect_timeout = std::chrono::seconds(5);
  runtime::Duration timeout = std::chrono::seconds(15);       // of a whole exchange; the fiber's deadline where earlier
  runtime::Duration idle_timeout = std::chrono::seconds(60);  // of a pooled connection
  telemetry::Identity identity = telemetry::Identity::omit;   // whether user, session and baggage go along
  int retries = 1;  // of idempotent requests whose connection broke before the first byte of the reply
  std::size_t max_reply_bytes = 16 << 20;
};

struct OutgoingRequest {
  Method method = Method::get;
  std::string url;  // http://host:port/path?query, or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodyStream> stream;  // instead of body
};

struct Reply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view header(std::string_view name) const noexcept;  // "" where absent
};

// A reply whose body is read piece by piece; holds its connection until the end of the body or its own.
class StreamingReply;

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();  // as PerLoop: on a fiber, once it was used
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Reply send(OutgoingRequest request);
  Reply get(std::string url) { return send({.url = std::move(url)}); }
  StreamingReply stream(OutgoingRequest request);

 private:
  friend class StreamingReply;
  class State;
  std::unique_ptr<State> state_;
};

class StreamingReply {
 public:
  StreamingReply(StreamingReply&&) noexcept;
  StreamingReply& operator=(StreamingReply&&) noexcept;
  ~StreamingReply();
  const Reply& head() const noexcept;             // status and headers; its body is empty
  std::size_t read_some(std::span<char> buffer);  // 0 at the end

 private:
  friend class Client;
  class State;
  explicit StreamingReply(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace marty::http
