#include "azure/internal/tokens.hpp"

#include <algorithm>
#include <utility>

#include "azure/internal/exchange.hpp"
#include "marty/base/encoding.hpp"
#include "marty/base/error.hpp"
#include "marty/secrets/remote.hpp"

namespace marty::azure::internal {
namespace {

using Login = TokenCache::Login;
using Source = std::function<Login()>;

std::string encoded(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text);
  return out;
}

// App Service only says when the token expires.
runtime::Duration lifetime_of(const secrets::Reply& body) {
  const auto expires_on = body.integer("/expires_on");
  if (body.integer("/expires_in") || !expires_on) return body.lifetime("/expires_in");
  const auto left =
      *expires_on - std::chrono::floor<std::chrono::seconds>(runtime::wall_now()).time_since_epoch().count();
  return std::chrono::seconds(std::clamp<std::int64_t>(left, 10, 24 * 3600));
}

// What the identity platform calls it: "invalid_client AADSTS7000215".
std::string reason_of(const secrets::Reply& body) {
  std::string reason = body.word("/error");
  if (const auto number = body.integer("/error_codes/0")) reason += " AADSTS" + std::to_string(*number);
  return reason;
}

Login login_of(http::Reply& reply, std::string_view doing, std::string_view endpoint, bool is_metadata) {
  const secrets::Reply body(reply.body);
  const std::string where = std::string(kName) + ": " + std::string(doing) + ": " + std::string(endpoint);
  if (reply.status == 200 && !body.text("/access_token").empty())
    return {body.secret("/access_token"), lifetime_of(body)};
  if (reply.status == 200) throw Error(Code::unavailable, where + " answers 200 with something that is no token");
  // The metadata service says 404 and 410 while it is being updated.
  const bool is_update = is_metadata && (reply.status == 404 || reply.status == 410);
  const bool is_outage = is_update || secrets::code_of_status(reply.status) == Code::unavailable;
  const std::string reason = reason_of(body);
  throw Error(is_outage ? Code::unavailable : Code::unauthenticated,
              where + " answers " + std::to_string(reply.status) + (reason.empty() ? "" : " " + reason));
}

// Client credentials (RFC 6749 section 4.4), proved by a secret or by a token of somebody whom the tenant trusts (RFC
// 7523 section 2.2): `proof` gives that part of the form.
Source application(std::string endpoint, std::string tenant, std::string client_id, std::string resource,
                   std::function<std::string()> proof, http::Client& client) {
  return [=, &client] {
    std::string form = "grant_type=client_credentials&client_id=" + encoded(client_id) +
                       "&scope=" + encoded(resource + "/.default") + proof();
    http::Reply reply = exchange(client,
                                 {.method = http::Method::post,
                                  .url = endpoint + "/" + tenant + "/oauth2/v2.0/token",
                                  .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                                  .body = std::move(form)},
                                 "cannot log in");
    return login_of(reply, "cannot log in", secrets::origin_of(endpoint), false);
  };
}

Source managed_identity(std::string url, std::string header, Secret value, std::string doing, http::Client& client) {
  return [=, &client] {
    http::Reply reply = exchange(client, {.url = url, .headers = {{header, std::string(value.reveal())}}}, doing);
    return login_of(reply, doing, secrets::origin_of(url), true);
  };
}

}  // namespace

Source token_source(const Options& options, const config::Variables& variables, Clients clients) {
  const std::string client_id = config::option_or(options.client_id, variables, "AZURE_CLIENT_ID");
  const Secret secret =
      options.client_secret ? *options.client_secret : Secret(config::value_of(variables, "AZURE_CLIENT_SECRET"));
  const std::string file = config::option_or(options.federated_token_file, variables, "AZURE_FEDERATED_TOKEN_FILE");
  if (!secret.empty() || !file.empty()) {
    Options resolved = options;
    for (const auto& [option, name] : {std::pair(&Options::tenant_id, "AZURE_TENANT_ID"),
                                       std::pair(&Options::login_endpoint, "AZURE_AUTHORITY_HOST")})
      secrets::take_as_option(kName, resolved, option, name, config::value_of(variables, name));
    const std::string tenant = resolved.tenant_id.value_or("");
    if (tenant.empty() || client_id.empty())
      throw Error(Code::invalid_argument, std::string(kName) +
                                              " logs in with a client secret or a federated token, and so needs "
                                              "tenant_id (or AZURE_TENANT_ID) and client_id (or AZURE_CLIENT_ID)");
    std::string login = resolved.login_endpoint.value_or("https://login.microsoftonline.com");
    while (login.ends_with('/')) login.pop_back();
    const auto with_secret = [=] { return "&client_secret=" + encoded(secret.reveal()); };
    const auto with_token = [=] {
      const Secret token = secrets::read_token_file(file, kName, "cannot log in");
      return "&client_assertion_type=" + encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
             "&client_assertion=" + encoded(token.reveal());
    };
    const std::function<std::string()> proof =
        secret.empty() ? std::function<std::string()>(with_token) : std::function<std::string()>(with_secret);
    return application(login, tenant, client_id, options.resource, proof, clients.azure);
  }
  std::string query = "resource=" + encoded(options.resource);
  if (!client_id.empty()) query += "&client_id=" + encoded(client_id);
  const std::string endpoint = config::value_of(variables, "IDENTITY_ENDPOINT");
  const std::string header = config::value_of(variables, "IDENTITY_HEADER");
  if (!endpoint.empty() && !header.empty()) {
    const std::string problem = secrets::url_problem(endpoint, options.insecure, secrets::Peer::metadata_service);
    if (!problem.empty()) throw Error(Code::invalid_argument, std::string(kName) + ": IDENTITY_ENDPOINT " + problem);
    return managed_identity(endpoint + "?api-version=2019-08-01&" + query, "x-identity-header", Secret(header),
                            "cannot get a token of the managed identity", clients.metadata);
  }
  return managed_identity(
      options.metadata_endpoint + "/metadata/identity/oauth2/token?api-version=2018-02-01&" + query, "metadata",
      Secret("true"),
      "has no client secret and no federated token, and cannot get a token of the virtual machine's identity",
      clients.metadata);
}

}  // namespace marty::azure::internal
