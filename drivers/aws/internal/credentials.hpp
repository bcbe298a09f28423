// Where the credentials come from.
#pragma once

#include <functional>

#include "aws/aws.hpp"
#include "aws/signature_v4.hpp"
#include "marty/config/variables.hpp"
#include "marty/http/client.hpp"
#include "marty/secrets/token_cache.hpp"

namespace marty::aws::internal {

using CredentialCache = secrets::TokenCache<Credentials>;

// The two clients have to live as long as the result: `metadata` is for what is near by, and gives up soon.
struct Clients {
  http::Client& aws;
  http::Client& metadata;
};

// The first source of those in aws.hpp for which there is what it needs. Throws Error(invalid_argument) where one is
// there by half. The result throws as Store::get() does: a refusal is unauthenticated.
std::function<CredentialCache::Login()> credential_source(const Options& options, const config::Variables& variables,
                                                          const std::string& region, Clients clients);

// "https://sts.eu-west-1.amazonaws.com"
std::string default_endpoint(std::string_view service, std::string_view region);

}  // namespace marty::aws::internal
