#include "aws/internal/exchange.hpp"

#include <utility>

#include "marty/base/error.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::aws::internal {

http::Reply exchange(http::Client& client, http::OutgoingRequest request, std::string_view doing) {
  const std::string endpoint(origin(request.url));
  try {
    return client.send(std::move(request));
  } catch (const Error& error) {
    throw secrets::not_reached(kName, doing, endpoint, error);
  }
}

std::string_view origin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace marty::aws::internal
