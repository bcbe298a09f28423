// ClientPool: the connections of one client, by origin. At most so many per origin; idle ones are kept for a while, the
// last used first.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "marty/http/internal/client_connection.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::http::internal {

class ClientPool {
 public:
  explicit ClientPool(const ClientOptions& options);
  ~ClientPool();

  class Origin;
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

   private:
    ClientPool& pool_;
    Origin& origin_;
    const Url& url_;
    std::unique_ptr<ClientConnection> connection_;
    bool reused_ = false;
  };

 private:
  Origin& origin_of(const Url& url);
  void close_expired();

  const ClientOptions options_;
  std::map<std::string, std::unique_ptr<Origin>, std::less<>> origins_;
  runtime::TimePoint last_sweep_{};
};

}  // namespace marty::http::internal
