// Azure Key Vault as a store of secrets.
//
//   auto variables = config::environment_variables();
//   std::unique_ptr<secrets::Store> store = azure::store({.vault_url = "https://shop.vault.azure.net"}, variables);
//   store->get(secrets::Key::parse("shop/database#password"));          // of the secret shop--database
//
// A vault names secrets with letters, digits and '-' only: of a path '/' becomes "--", '_' and '.' become '-'. So
// a/b_c and a/b-c are the same secret, and upper and lower case are. With a field the secret is a JSON object. The
// current version is read. One that is disabled is refused (permission_denied), one that is deleted counts as none.
//
// The token comes from the first of: client_secret, or AZURE_CLIENT_SECRET; a federated token (AKS workload identity:
// AZURE_FEDERATED_TOKEN_FILE), both with a tenant and a client; the managed identity of App Service and Functions
// (IDENTITY_ENDPOINT, IDENTITY_HEADER); that of a virtual machine. Certificates, Azure Arc and Service Fabric are not
// supported. Needed is the role Key Vault Secrets User, or an access policy with get.
//
// check() reads a secret that need not exist. Source: the REST API reference of Key Vault 7.4, "OAuth 2.0 client
// credentials flow" of the Microsoft identity platform, and the pages on managed identities.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "marty/base/secret.hpp"
#include "marty/config/units.hpp"
#include "marty/config/variables.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/secrets/store.hpp"

namespace marty::azure {

// The section secrets.azure_key_vault.
struct Options {
  std::string vault_url;
  std::optional<std::string> tenant_id;
  std::optional<std::string> client_id;
  std::optional<Secret> client_secret;
  std::optional<std::string> federated_token_file;
  std::optional<std::string> login_endpoint;
  std::string resource = "https://vault.azure.net";
  std::string metadata_endpoint = "http://169.254.169.254";
  std::optional<std::string> ca;
  bool insecure = false;
  config::Duration timeout = std::chrono::seconds(5);

  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&Options::vault_url>.pattern("^https?://[^/?#]+/?$").description("https://NAME.vault.azure.net"),
      field<&Options::tenant_id>.pattern("^[A-Za-z0-9.-]{1,100}$").description("Default: AZURE_TENANT_ID"),
      field<&Options::client_id>.length(1, 100).description(
          "Of application or managed identity; default: AZURE_CLIENT_ID"),
      field<&Options::client_secret>.description("Of the application; better left to the environment"),
      field<&Options::federated_token_file>.description("Where the federated token is; read again for every login"),
      field<&Options::login_endpoint>.description(
          "Default: AZURE_AUTHORITY_HOST, or https://login.microsoftonline.com"),
      field<&Options::resource>.pattern("^https?://").description("What tokens are for; differs in national clouds"),
      field<&Options::metadata_endpoint>.pattern("^https?://").description("Of the virtual machine's metadata"),
      field<&Options::ca>.description("PEM file of the authorities to trust; default: those of the system"),
      field<&Options::insecure>.description("Plain HTTP to other machines: whoever is in between reads the secrets"),
      field<&Options::timeout>.description("Of one request to Azure"));
};

// Asks nothing yet; with `ca` reads that file. The variables are those named above. Throws invalid_argument for options
// out of their rules, and where a way to log in is there by half.
std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables = {});

}  // namespace marty::azure
