// Puts a handler's parameters and a route's pattern together, once, at the registration.
#pragma once

namespace marty::web {

struct Route;

namespace internal {

// Gives path parameters their names and positions and collects what query parameters are known. Throws
// Error(invalid_argument) where a parameter cannot be filled.
void bind_parameters(Route& route);

}  // namespace internal
}  // namespace marty::web
