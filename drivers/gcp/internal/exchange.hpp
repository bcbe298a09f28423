// One request and its reply, with what goes wrong as the errors of a store.
#pragma once

#include <string_view>
#include <utility>

#include "marty/http/client.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::gcp::internal {

inline constexpr std::string_view kName = "gcp_secret_manager";

// `doing`: "cannot read shop/database".
inline http::Reply exchange(http::Client& client, http::OutgoingRequest request, std::string_view doing) {
  return secrets::exchange(kName, doing, client, std::move(request));
}

}  // namespace marty::gcp::internal
