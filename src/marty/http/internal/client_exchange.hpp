// ClientExchange: one request and its reply, over either version of HTTP.
#pragma once

#include <memory>
#include <span>

#include "marty/http/client.hpp"
#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/client_pool.hpp"
#include "marty/http/internal/url.hpp"

namespace marty::http::internal {

class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  // Throws unavailable, deadline_exceeded. May return before all of the body is sent, where the server answers early.
  virtual void send(const OutgoingRequest& request) = 0;
  virtual Reply receive_head(Method method) = 0;              // without the body
  virtual std::size_t read_body(std::span<char> buffer) = 0;  // at least one byte, or 0 at the end
  // After a failure: nothing of it has reached a server that works, or nothing of a reply has come.
  virtual bool is_untouched() const noexcept = 0;
  virtual bool received_anything() const noexcept = 0;
};

// A place among the connections of HTTP/1.1, and one of them.
class Http1Exchange final : public ClientExchange {
 public:
  Http1Exchange(ClientPool& pool, const Url& url, bool fresh) : url_(url), lease_(pool, url_) { lease_.connect(fresh); }

  void send(const OutgoingRequest& request) override { lease_.connection().send(request, url_); }
  Reply receive_head(Method method) override;
  std::size_t read_body(std::span<char> buffer) override { return lease_.connection().read_body(buffer); }
  // The server may have closed a pooled connection just now.
  bool is_untouched() const noexcept override { return lease_.is_reused() && !lease_.connection().sent_anything(); }
  bool received_anything() const noexcept override { return lease_.connection().received_anything(); }

 private:
  const Url url_;
  ClientPool::Lease lease_;
};

// A stream of a connection of HTTP/2, which it keeps alive: the pool may have done with it already.
class Http2Exchange final : public ClientExchange {
 public:
  Http2Exchange(std::shared_ptr<Http2Connection> connection, const Url& url)
      : connection_(std::move(connection)), url_(url) {}

  void send(const OutgoingRequest& request) override;
  Reply receive_head(Method method) override;
  std::size_t read_body(std::span<char> buffer) override { return stream_->body().read_some(buffer); }
  bool is_untouched() const noexcept override { return !stream_ || stream_->is_untouched(); }
  bool received_anything() const noexcept override { return stream_ && stream_->has_head(); }

 private:
  class Writer;

  std::shared_ptr<Http2Connection> connection_;  // shared with the pool and its other exchanges
  const Url url_;
  std::optional<ClientStream> stream_;
};

}  // namespace marty::http::internal
