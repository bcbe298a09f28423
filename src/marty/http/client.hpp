// The HTTP client: pooled keep-alive connections per origin, deadlines, streaming, retries only where a repeat is safe.
//
//   http::Client client;
//   auto reply = client.send({.method = Method::post, .url = "http://shop:8080/api/v1/orders", .headers =
//   {{"content-type", "application/json"}}, .body = text}); if (reply.status == 201) ...
//
// Used by the fibers of the loop that made it (one client per loop). Throws Error: unavailable (refused, reset, cut in
// the middle), deadline_exceeded, invalid_argument (URL), out_of_range (reply larger than allowed). An HTTP status is a
// reply, never an exception.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"

namespace marty::http {

struct ClientOptions {
  std::size_t connections_per_origin = 64;  // more requests wait
  runtime::Duration connect_timeout = std::chrono::seconds(5);
  runtime::Duration timeout = std::chrono::seconds(15);       // of a whole exchange; the fiber's deadline where earlier
  runtime::Duration idle_timeout = std::chrono::seconds(60);  // of a pooled connection
  int retries = 1;  // of idempotent requests whose connection broke before the first byte of the reply
  std::size_t max_reply_bytes = 16 << 20;
};

struct OutgoingRequest {
  Method method = Method::get;
  std::string url;  // http://host:port/path?query
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
  ~Client();
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
