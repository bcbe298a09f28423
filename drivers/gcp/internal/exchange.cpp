#include "gcp/internal/exchange.hpp"

#include <string>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::gcp::internal {

http::Reply exchange(http::Client& client, http::OutgoingRequest request, std::string_view doing) {
  const std::string endpoint(secrets::origin_of(request.url));
  try {
    return client.send(std::move(request));
  } catch (const Error& error) {
    throw secrets::not_reached(kName, doing, endpoint, error);
  }
}

}  // namespace marty::gcp::internal
