// One request and its reply, with what goes wrong as the errors of a store.
#pragma once

#include <string_view>

#include "marty/http/client.hpp"

namespace marty::gcp::internal {

inline constexpr std::string_view kName = "gcp_secret_manager";

// Throws as secrets::not_reached() says. `doing`: "cannot read shop/database".
http::Reply exchange(http::Client& client, http::OutgoingRequest request, std::string_view doing);

}  // namespace marty::gcp::internal
