// One request and its reply, with what goes wrong as the errors of a store.
#pragma once

#include <string_view>

#include "marty/http/client.hpp"

namespace marty::azure::internal {

inline constexpr std::string_view kName = "azure_key_vault";

// Throws as secrets::not_reached() says. `doing`: "cannot read shop/database".
http::Reply exchange(http::Client& client, http::OutgoingRequest request, std::string_view doing);

}  // namespace marty::azure::internal
