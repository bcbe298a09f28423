// Where the tokens come from.
#pragma once

#include <functional>

#include "azure/azure.hpp"
#include "marty/config/variables.hpp"
#include "marty/http/client.hpp"
#include "marty/secrets/token_cache.hpp"

namespace marty::azure::internal {

using TokenCache = secrets::TokenCache<Secret>;

// The two have to live as long as the result: `metadata` is for what is near by, and gives up soon.
struct Clients {
  http::Client& azure;
  http::Client& metadata;
};

// The first source of those in azure.hpp for which there is what it needs. Throws Error(invalid_argument) where one is
// there by half. The result throws as Store::get() does: a refusal is unauthenticated.
std::function<TokenCache::Login()> token_source(const Options& options, const config::Variables& variables,
                                                Clients clients);

}  // namespace marty::azure::internal
