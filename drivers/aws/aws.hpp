// AWS Secrets Manager as a store of secrets.
//
//   auto variables = config::environment_variables();
//   std::unique_ptr<secrets::Store> store = aws::store({.region = "eu-west-1"}, variables);
//   store->get(secrets::Key::parse("shop/database#password"));
//
// The path is the secret's name; a name may hold '/'. A secret is a text, or bytes; with a field, a text that is a JSON
// object. One that is marked for deletion counts as none. Of the versions the current one is read (AWSCURRENT).
//
// Credentials come from the first of: the options; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; a
// web identity, exchanged at STS (AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE: EKS); a container's
// (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI: ECS, EKS Pod Identity); the instance metadata of EC2,
// version 2. Files of profiles are not read. Needed is secretsmanager:GetSecretValue and, for keys of your own,
// kms:Decrypt.
//
// check() reads a secret that need not exist. Source: the API references of Secrets Manager and STS, and "Standardized
// credential providers" of the SDK reference guide.
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

namespace marty::aws {

// The section secrets.aws_secrets_manager.
struct Options {
  std::optional<std::string> region;
  std::optional<std::string> endpoint;
  std::optional<std::string> sts_endpoint;
  std::optional<std::string> metadata_endpoint;
  std::optional<std::string> access_key_id;
  std::optional<Secret> secret_access_key;
  std::optional<Secret> session_token;
  std::optional<std::string> role_arn;
  std::optional<std::string> web_identity_token_file;
  std::optional<std::string> role_session_name;
  std::optional<std::string> ca;
  bool insecure = false;
  config::Duration timeout = std::chrono::seconds(5);

  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&Options::region>.pattern("^[a-z0-9-]{1,40}$").description("Default: AWS_REGION or AWS_DEFAULT_REGION"),
      field<&Options::endpoint>.description("Of another API, a VPC endpoint or emulator: https://host"),
      field<&Options::sts_endpoint>.description("The same of STS, which exchanges web identities"),
      field<&Options::metadata_endpoint>.description("Of the instance metadata; default: http://169.254.169.254"),
      field<&Options::access_key_id>.length(1, 128).description("With secret_access_key: whose secrets are read"),
      field<&Options::secret_access_key>.description("Better left to the environment"),
      field<&Options::session_token>.description("Of temporary credentials"),
      field<&Options::role_arn>.length(20, 2048).description("The role that a web identity takes on"),
      field<&Options::web_identity_token_file>.description("Where its token is; read again for every exchange"),
      field<&Options::role_session_name>.pattern("^[\\w+=,.@-]{2,64}$").description("Else AWS_ROLE_SESSION_NAME"),
      field<&Options::ca>.description("PEM file of the authorities to trust; default: those of the system"),
      field<&Options::insecure>.description("Plain HTTP to other machines: whoever is in between reads the secrets"),
      field<&Options::timeout>.description("Of one request to AWS"));
};

// Asks nothing yet; with `ca` reads that file. The variables are those named above. Throws invalid_argument for options
// out of their rules, and where there is no region.
std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables = {});

}  // namespace marty::aws
