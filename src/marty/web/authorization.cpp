#include "marty/web/authorization.hpp"

#include "marty/base/error.hpp"
#include "marty/web/route.hpp"

namespace marty::web {

void authorize(Exchange& exchange, const Authorizer& authorizer) {
  const Route& route = *exchange.route();
  if (!route.is_protected()) return;
  if (!exchange.caller().authenticated())
    throw Error(Code::unauthenticated, "this needs a caller who is known: send credentials");
  for (const std::string& permission : route.permissions) {
    if (!(authorizer ? authorizer(exchange, permission) : exchange.caller().may(permission)))
      throw Error(Code::permission_denied, "this needs the permission " + permission);
  }
}

}  // namespace marty::web
