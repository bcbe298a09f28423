// Authorization: the fixed step between those who ask and the handlers of routes that require something.
//
//   app.post("/pets", add_pet, "Add a pet").requires_permission("pet:*:create");
//   app.authorize_by([&policy](Exchange& exchange, std::string_view permission) {        // instead of Caller::may()
//     return policy.allows(exchange.caller().id, permission);
//   });
//
// It stands behind the filters of Phase::authentication and Phase::authorization and before all others, whatever
// filters there are: those can refuse more, none can take its place.
#pragma once

#include <functional>
#include <string_view>

#include "marty/web/exchange.hpp"

namespace marty::web {

// Whether the caller of this request has a permission that its route requires. Asked for each of them in order, and
// only where the caller is known; what it throws is the reply. Runs on any number of fibers and loops.
using Authorizer = std::function<bool(Exchange& exchange, std::string_view permission)>;

// Lets those through who fulfil what the route requires. Throws Error: unauthenticated, permission_denied. Without an
// authorizer Caller::may() decides. REQUIRES a request that has a route.
void authorize(Exchange& exchange, const Authorizer& authorizer);

}  // namespace marty::web
