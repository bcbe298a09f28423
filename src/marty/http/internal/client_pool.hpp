// ClientPool: the connections of one client, by origin. At most so many of HTTP/1.1 per origin, the last used first, or
// one of HTTP/2, which serves all; idle ones are kept for a while.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "marty/base/presence.hpp"
#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/client_connection.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/tls/tls.hpp"

namespace marty::http::internal {

class ClientExchange;

class ClientPool {
 public:
  // `tls` gives the context when the first https URL comes.
  explicit ClientPool(const ClientOptions& options, std::function<const tls::ClientContext&()> tls = {});
  ~ClientPool();

  class Origin;
  // Ready to send. `fresh`: not over a connection that was idle.
  std::unique_ptr<ClientExchange> open(const Url& url, bool fresh);
  std::size_t origins() const noexcept { return origins_.size(); }  // with requests, or with idle connections

  // A place among the connections of an origin: what a request holds until its body has ended. Gives the connection
  // back, or closes it.
  class Lease {
   public:
    Lease(ClientPool& pool, const Url& url);  // waits for the place
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Makes a connection ready for an exchange: an idle one where there is one and `fresh` does not forbid it.
    ClientConnection& connect(bool fresh);
    bool is_reused() const noexcept { return reused_; }  // the server may have closed it in the meantime
    ClientConnection& connection() noexcept { return *connection_; }
    const ClientConnection& connection() const noexcept { return *connection_; }

   private:
    ClientPool& pool_;
    Origin& origin_;
    const Presence presence_;
    const Url& url_;
    const std::uint64_t failures_before_;  // of the origin, when it began to wait for the place
    std::unique_ptr<ClientConnection> connection_;
    bool reused_ = false;
  };

 private:
  struct Connected {
    runtime::Socket socket;
    bool http2 = false;
  };

  Origin& origin_of(const Url& url);
  void close_expired();
  // Those that wait for an attempt share what comes of it: a server that does not answer is not asked by one after the
  // other. Throws unavailable, and the caller's own cancelled and deadline_exceeded.
  Connected connect(Origin& origin, const Url& url, Protocol protocol);
  Connected try_to_connect(const Url& url, Protocol protocol);
  tls::Session shake_hands(runtime::Socket socket, const std::string& host, const std::vector<std::string>& alpn);
  std::shared_ptr<Http2Connection> http2(const Url& url);

  const ClientOptions options_;
  const std::function<const tls::ClientContext&()> tls_;
  std::map<std::string, std::unique_ptr<Origin>, std::less<>> origins_;
  runtime::TimePoint last_sweep_{};
};

}  // namespace marty::http::internal
