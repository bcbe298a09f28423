// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0) of an application, from what its handlers are.
//
//   json::Value document = openapi(options, routes);      // App::start() has done it: GET /openapi.json
//
// Parameters, bodies and replies come from the handlers' types; constraints, defaults, descriptions and examples from
// the rules beside the structs; 400, 401, 403 and 404 from what a route reads and requires. A protocol describes the
// routes that are its own. Hidden routes are left out.
#pragma once

#include <memory>
#include <vector>

#include "marty/json/value.hpp"
#include "marty/web/app.hpp"

namespace marty::web {

// Throws Error(already_exists) where two routes have the same operation id.
json::Value openapi(const AppOptions& options, const std::vector<std::unique_ptr<Route>>& routes);

}  // namespace marty::web
