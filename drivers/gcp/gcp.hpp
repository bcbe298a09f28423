// Google Cloud Secret Manager as a store of secrets.
//
//   auto variables = config::environment_variables();
//   std::unique_ptr<secrets::Store> store = gcp::store({.project = "shop-123"}, variables);
//   store->get(secrets::Key::parse("shop/database#password"));          // of the secret shop--database
//
// Secret Manager names secrets with letters, digits, '-' and '_' only: of a path '/' becomes "--" and '.' becomes '-',
// so a/b.c and a/b-c are the same secret. With a field the secret is a JSON object. The latest version is read, and its
// checksum compared; where that is disabled or destroyed the secret is refused (permission_denied).
//
// The token comes from the first of: the key file of a service account (key_file, or GOOGLE_APPLICATION_CREDENTIALS),
// which signs a request for one; the metadata server (GCE, GKE, Cloud Run). Other kinds of credential files are not
// supported. The metadata server is metadata.google.internal, unless metadata_host or GCE_METADATA_HOST names another.
// The project is the option, or GOOGLE_CLOUD_PROJECT, or that of the key file. Needed is the role Secret
// Manager Secret Accessor.
//
// check() reads a secret that need not exist. Source: the REST API reference of Secret Manager v1, RFC 7523, "Using
// OAuth 2.0 for server to server applications", and the pages on the metadata server.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "marty/config/units.hpp"
#include "marty/config/variables.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/secrets/store.hpp"

namespace marty::gcp {

// The section secrets.gcp_secret_manager.
struct Options {
  std::optional<std::string> project;
  std::optional<std::string> key_file;
  std::string endpoint = "https://secretmanager.googleapis.com";
  std::optional<std::string> token_uri;
  std::optional<std::string> metadata_host;
  std::optional<std::string> ca;
  bool insecure = false;
  config::Duration timeout = std::chrono::seconds(5);

  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&Options::project>.pattern("^[a-z0-9.:-]{1,100}$").description("Its id or number; default: see above"),
      field<&Options::key_file>.description("JSON key of a service account; default: GOOGLE_APPLICATION_CREDENTIALS"),
      field<&Options::endpoint>.pattern("^https?://").description("Of another API, a private endpoint or emulator"),
      field<&Options::token_uri>.pattern("^https?://").description("Default: what the key file says"),
      field<&Options::metadata_host>.pattern("^[A-Za-z0-9.:-]{1,200}$").description("Else GCE_METADATA_HOST"),
      field<&Options::ca>.description("PEM file of the authorities to trust; default: those of the system"),
      field<&Options::insecure>.description("Plain HTTP to other machines: whoever is in between reads the secrets"),
      field<&Options::timeout>.description("Of one request to Google"));
};

// Reads the key file, and `ca`: call it on a fiber, or on a thread that runs no loop. The variables are those named
// above. Throws invalid_argument for options out of their rules, a key file that is none, and where no project is
// known; not_found and permission_denied where a file cannot be read.
std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables = {});

}  // namespace marty::gcp
