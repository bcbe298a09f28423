// HashiCorp Vault as the place that keeps secrets: its KV engine, version 2.
//
//   vault::VaultStore store({.address = "https://vault:8200", .auth = vault::Auth::approle, .role_id = "...",
//                            .secret_id = Secret("...")});
//   store.get(secrets::Key::parse("shop/database#password"));     // the field password of secret/data/shop/database
//   store.write("shop/database", {{"user", Secret("ann")}, {"password", Secret("...")}});
//
// It logs in with the first request, once for all fibers of all loops. From when a third of the token's time is left,
// the token is renewed with the next request; where Vault refuses that, or the token cannot be renewed, the store logs
// in anew, as it does once where a request is refused: the token may have been revoked. Files with tokens are read at
// each login. A store belongs to one world, and is destroyed on a fiber of it, once it was used.
//
// Sources: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, .../auth/approle, .../auth/kubernetes,
// .../auth/token, .../system/health; "HTTP status codes" of https://developer.hashicorp.com/vault/api-docs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/secret.hpp"
#include "marty/config/units.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/secrets/store.hpp"

namespace marty::vault {

// How the store proves who it is.
enum class Auth : std::uint8_t { token, approle, kubernetes };

// The section `secrets.vault`.
struct Options {
  std::string address = "http://127.0.0.1:8200";
  std::optional<std::string> vault_namespace;
  std::string mount = "secret";
  Auth auth = Auth::token;
  std::optional<Secret> token;
  std::optional<std::string> token_file;
  std::optional<std::string> role_id;
  std::optional<Secret> secret_id;
  std::optional<std::string> role;
  std::string jwt_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::optional<std::string> auth_mount;
  std::optional<std::string> ca;
  bool insecure = false;
  config::Duration timeout = std::chrono::seconds(5);

  void check(Problems& problems) const;

  static constexpr std::string_view kMount = "^[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$";
  static constexpr auto rules = marty::rules(
      field<&Options::address>.pattern(R"(^https?://[^/?#@\s]+(/[^?#\s]*)?$)").description("Of Vault: https"),
      field<&Options::vault_namespace>.name("namespace").pattern("^[!-~]+$").description("Default: the root namespace"),
      field<&Options::mount>.pattern(kMount).description("Where the KV engine (version 2) is mounted"),
      field<&Options::auth>.description("How to log in: with a token, AppRole, or a service account of Kubernetes"),
      field<&Options::token>.description("For auth: token"),
      field<&Options::token_file>.description(
          "For auth: token, in place of it; read anew when the token ends, as Vault Agent's sink is"),
      field<&Options::role_id>.description("For auth: approle"),
      field<&Options::secret_id>.description("For auth: approle, unless the role does without (bind_secret_id)"),
      field<&Options::role>.description("For auth: kubernetes"),
      field<&Options::jwt_file>.description("For auth: kubernetes; the token of the pod's service account"),
      field<&Options::auth_mount>.pattern(kMount).description(
          "Where the way to log in is mounted below auth/; default: its own name"),
      field<&Options::ca>.description(
          "PEM file of the authorities that Vault's certificate is verified against; default: the system's"),
      field<&Options::insecure>.description("Plain HTTP to other machines: whoever is in between reads the secrets"),
      field<&Options::timeout>.description("Of one request to Vault"));
};

class VaultStore final : public secrets::Store {
 public:
  using Fields = std::map<std::string, Secret>;

  // Asks nobody yet. Throws Error: invalid_argument for options out of their rules, and as tls::ClientContext does for
  // the file of authorities.
  explicit VaultStore(Options options);
  ~VaultStore() override;

  std::string_view name() const noexcept override { return "vault"; }

  // Read secret version. Without a field the one named "value", or else the only one. Nothing where there is no such
  // secret, or its latest version was deleted.
  std::optional<secrets::Found> get(const secrets::Key& key) override;
  // Read health information: whether this Vault is initialized, unsealed, and serves (as a standby, too).
  void check() override;

  // These throw as get() does; a path is as that of a key. Each needs its own capability of the token's policies.
  //
  // Create/update secret: a new version with these fields and no others. Returns it.
  std::string write(std::string_view path, const Fields& fields);
  // List secrets: the names below the path, those of folders with a '/' behind; "" lists the top. Nothing: none.
  std::vector<std::string> list(std::string_view path);
  // Delete latest version of secret: get() gives nothing from then on; Vault keeps it, and can undelete it.
  void remove(std::string_view path);

 private:
  class State;
  std::unique_ptr<State> state_;
};

std::unique_ptr<secrets::Store> store(Options options);

}  // namespace marty::vault
