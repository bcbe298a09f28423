// LoopClient: a client's part on one loop: its connections, and how often a request is tried.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "marty/http/client.hpp"
#include "marty/http/internal/client_exchange.hpp"
#include "marty/http/internal/client_pool.hpp"

namespace marty::http::internal {

class LoopClient {
 public:
  // REQUIRES: `options` outlives it. `tls` gives the context when the first https URL comes.
  LoopClient(const ClientOptions& options, std::function<const tls::ClientContext&()> tls)
      : options_(options), pool_(options, std::move(tls)) {}

  Reply send(const OutgoingRequest& request);
  struct Started {
    std::unique_ptr<ClientExchange> exchange;
    Reply head;
  };
  Started start(const OutgoingRequest& request);  // up to the head of the reply

 private:
  Started begin(const OutgoingRequest& request, const Url& url);
  bool may_repeat(const OutgoingRequest& request, const ClientExchange& exchange, int retries) const;
  std::string read_body(ClientExchange& exchange) const;

  const ClientOptions& options_;
  ClientPool pool_;
};

}  // namespace marty::http::internal
