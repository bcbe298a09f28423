// Kubernetes as the place that keeps secrets: those that are mounted into the pod, or those of the API server.
//
//   auto mounted = kubernetes::store({});                                      // below /var/run/secrets/marty
//   auto asked = kubernetes::store({.mode = kubernetes::Mode::api}, config::environment_variables());
//   asked->get(secrets::Key::parse("shop/database#password"));                 // of the secret shop--database
//
// files: the secret shop/database is the folder shop/database below the directory, where a volume of the pod puts it,
// and its files are its fields. The kubelet renews them within a minute or so. Links are followed as far as they stay
// in the directory, as those of a volume do (..data).
//
// api: a secret of Kubernetes has a DNS name (RFC 1123), in which there is no '/' and no '_': of a path '/' becomes
// "--" and '_' becomes '-'. So shop_eu and shop-eu are one secret; keys with upper case are refused. All are of one
// namespace, that of the pod unless another is given. The service account needs the verb `get` for the resource
// `secrets`. Its token is read from its file for each request, since Kubernetes puts another one there every hour.
// Such a store belongs to one world, and is destroyed on a fiber of it, once it was used.
//
// Sources: https://kubernetes.io/docs/concepts/configuration/secret/,
// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/,
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "marty/config/units.hpp"
#include "marty/config/variables.hpp"
#include "marty/reflect/problems.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/secrets/store.hpp"

namespace marty::kubernetes {

// Where secrets are read.
enum class Mode : std::uint8_t { files, api };

// The section `secrets.kubernetes`.
struct Options {
  Mode mode = Mode::files;
  std::string directory = "/var/run/secrets/marty";
  std::optional<std::string> server;
  std::optional<std::string> cluster_namespace;
  std::string namespace_file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
  std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
  bool insecure = false;
  config::Duration timeout = std::chrono::seconds(5);

  void check(Problems& problems) const;

  static constexpr std::string_view kServer = R"(^https?://[^/?#@\s]+/?$)";
  static constexpr std::string_view kLabel = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";  // RFC 1123
  static constexpr auto rules = marty::rules(
      field<&Options::mode>.description("files: those mounted into the pod; api: those of the API server"),
      field<&Options::directory>.description("For mode: files; the secret shop/database is the folder of that name"),
      field<&Options::server>.pattern(kServer).description(
          "For mode: api; default: by KUBERNETES_SERVICE_HOST and _PORT, which every pod has"),
      field<&Options::cluster_namespace>.name("namespace").pattern(kLabel).description("Default: the namespace file's"),
      field<&Options::namespace_file>.description("For mode: api; where the pod's own namespace stands"),
      field<&Options::token_file>.description("For mode: api; the token of the service account, read for each request"),
      field<&Options::ca_file>.description("For mode: api; PEM file of the authorities that the server is verified by"),
      field<&Options::insecure>.description("Plain HTTP to other machines: whoever is in between reads the secrets"),
      field<&Options::timeout>.description("Of one request to the API server"));
};

// `variables`: those of the pod, for the default of `server`. Asks nobody yet. Throws Error: invalid_argument for
// options out of their rules and where mode: api has no server, and as tls::ClientContext does for the file of
// authorities.
std::unique_ptr<secrets::Store> store(Options options, const config::Variables& variables = {});

}  // namespace marty::kubernetes
