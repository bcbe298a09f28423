// Hosting: where a program runs, as far as it can tell from its variables and some files. It chooses in which order
// secrets are looked for, and what telemetry says of the resource.
//
//   const Hosting hosting = config::detect_hosting({.variables = config::environment_variables()});
//   hosting.kind;                                      // HostingKind::kubernetes
//   hosting.attributes.at("k8s.namespace.name");       // names of OpenTelemetry's semantic conventions
//
// Nothing is asked over the network: metadata servers that are not there would hold up every start.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "marty/config/variables.hpp"

namespace marty::config {

// unknown: the signs contradict each other. kubernetes comes before the cloud that runs it, which is in the attributes.
enum class HostingKind { local, self_hosted, aws, gcp, azure, kubernetes, docker, unknown };

struct HostingProbe {
  Variables variables;
  std::string root = "/";  // where /proc, /sys and /.dockerenv are
};

struct Hosting {
  HostingKind kind = HostingKind::local;
  std::string reason;                             // what told: "the variable KUBERNETES_SERVICE_HOST"
  std::map<std::string, std::string> attributes;  // cloud.provider, cloud.platform, cloud.region, k8s.*, host.name ...
};

// The variable MARTY_HOSTING has the last word. Throws Error(invalid_argument) where it names none.
Hosting detect_hosting(const HostingProbe& probe);

std::string_view hosting_name(HostingKind kind) noexcept;

// Which stores are asked for secrets, in order, where nothing else is said: aws -> aws_secrets_manager, environment,
// file.
std::vector<std::string> default_secret_order(HostingKind kind);

}  // namespace marty::config
