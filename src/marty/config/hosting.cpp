#include "marty/config/hosting.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/runtime/file.hpp"

namespace marty::config {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"local", "self_hosted", "aws",    "gcp",
                                                    "azure", "kubernetes",  "docker", "unknown"};

// A variable that a platform sets in every program it runs, and what that tells.
struct Sign {
  std::string_view variable;
  HostingKind kind;
  std::string_view platform;  // OpenTelemetry's cloud.platform
};
constexpr Sign kSigns[] = {
    {"ECS_CONTAINER_METADATA_URI_V4", HostingKind::aws, "aws_ecs"},
    {"AWS_LAMBDA_FUNCTION_NAME", HostingKind::aws, "aws_lambda"},
    {"AWS_EXECUTION_ENV", HostingKind::aws, ""},
    {"K_SERVICE", HostingKind::gcp, "gcp_cloud_run"},
    {"GAE_SERVICE", HostingKind::gcp, "gcp_app_engine"},
    {"WEBSITE_SITE_NAME", HostingKind::azure, "azure_app_service"},
    {"CONTAINER_APP_NAME", HostingKind::azure, "azure_container_apps"},
};

// What the firmware of a cloud's machines calls itself.
struct Vendor {
  std::string_view begins;
  HostingKind kind;
  std::string_view platform;
};
constexpr Vendor kVendors[] = {{"Amazon EC2", HostingKind::aws, "aws_ec2"},
                               {"Google", HostingKind::gcp, "gcp_compute_engine"},
                               {"Microsoft Corporation", HostingKind::azure, "azure_vm"}};

class Detector {
 public:
  explicit Detector(const HostingProbe& probe) : probe_(probe) {}

  Hosting detect() {
    find_cloud();
    find_container();
    if (const std::string chosen = variable("MARTY_HOSTING"); !chosen.empty()) {
      hosting_.kind = parse(chosen);
      hosting_.reason = "the variable MARTY_HOSTING";
    }
    add("host.name", file("etc/hostname"));
    return std::move(hosting_);
  }

 private:
  static HostingKind parse(const std::string& name) {
    const auto found = std::ranges::find(kNames, name);
    if (found != kNames.end()) return static_cast<HostingKind>(found - kNames.begin());
    std::string message = "MARTY_HOSTING must be one of ";
    for (const std::string_view each : kNames) message += std::string(each) + ", ";
    message += "not \"" + name + "\"";
    if (const auto near = nearest(name, kNames)) message += "; did you mean " + std::string(*near) + "?";
    throw Error(Code::invalid_argument, message);
  }

  std::string variable(std::string_view name) const { return value_of(probe_.variables, name); }

  // Its first line; "" where it is not there or not for us.
  std::string file(const char* path) const {
    try {
      std::string text = runtime::read_file(std::filesystem::path(probe_.root) / path, 4096);
      text.resize(std::min(text.find('\n'), text.size()));
      return text;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled || error.code() == Code::deadline_exceeded) throw;
      return "";
    }
  }
  bool exists(const char* path) const { return std::filesystem::exists(std::filesystem::path(probe_.root) / path); }

  void add(const char* attribute, const std::string& value) {
    if (!value.empty()) hosting_.attributes.emplace(attribute, value);
  }
  void choose(HostingKind kind, std::string reason) {
    hosting_.kind = kind;
    hosting_.reason = std::move(reason);
  }

  void find_cloud() {
    for (const Sign& sign : kSigns) {
      if (!variable(sign.variable).empty())
        found_cloud(sign.kind, sign.platform, "the variable " + std::string(sign.variable));
    }
    for (const char* path : {"sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name"}) {
      const std::string vendor = file(path);
      for (const Vendor& known : kVendors) {
        if (!vendor.starts_with(known.begins) || is_hypervisor_at_home(known.kind)) continue;
        found_cloud(known.kind, known.platform, "/" + std::string(path) + " (" + vendor + ")");
      }
    }
    add("cloud.region", variable("AWS_REGION"));
    if (hosting_.reason.empty()) choose(HostingKind::local, "no sign of anything else");
  }

  // Hyper-V calls itself Microsoft Corporation anywhere; Azure's machines have this asset tag.
  bool is_hypervisor_at_home(HostingKind kind) const {
    return kind == HostingKind::azure &&
           file("sys/class/dmi/id/chassis_asset_tag") != "7783-7084-3265-9085-8269-3286-77";
  }

  void found_cloud(HostingKind kind, std::string_view platform, const std::string& reason) {
    if (!hosting_.reason.empty() && hosting_.kind != kind) {
      choose(HostingKind::unknown, hosting_.reason + " and " + reason);
      hosting_.attributes.clear();
      return;
    }
    if (hosting_.reason.empty()) choose(kind, reason);
    add("cloud.provider", std::string(hosting_name(kind)));
    add("cloud.platform", std::string(platform));
  }

  void find_container() {
    constexpr const char* kToken = "var/run/secrets/kubernetes.io/serviceaccount/token";
    const bool told = !variable("KUBERNETES_SERVICE_HOST").empty();
    if (told || exists(kToken)) {
      choose(HostingKind::kubernetes, told ? "the variable KUBERNETES_SERVICE_HOST" : "/" + std::string(kToken));
      add("k8s.namespace.name", file("var/run/secrets/kubernetes.io/serviceaccount/namespace"));
      add("k8s.pod.name", variable(variable("POD_NAME").empty() ? "HOSTNAME" : "POD_NAME"));
    } else if (hosting_.kind == HostingKind::local && (exists(".dockerenv") || exists("run/.containerenv"))) {
      choose(HostingKind::docker, exists(".dockerenv") ? "/.dockerenv" : "/run/.containerenv");
    } else if (hosting_.kind == HostingKind::local && !variable("INVOCATION_ID").empty()) {
      choose(HostingKind::self_hosted, "the variable INVOCATION_ID (systemd runs this)");
    }
  }

  const HostingProbe& probe_;
  Hosting hosting_;
};

}  // namespace

Hosting detect_hosting(const HostingProbe& probe) { return Detector(probe).detect(); }

std::string_view hosting_name(HostingKind kind) noexcept { return kNames[static_cast<std::size_t>(kind)]; }

std::vector<std::string> default_secret_order(HostingKind kind) {
  switch (kind) {
    case HostingKind::aws:
      return {"aws_secrets_manager", "environment", "file"};
    case HostingKind::gcp:
      return {"gcp_secret_manager", "environment", "file"};
    case HostingKind::azure:
      return {"azure_key_vault", "environment", "file"};
    case HostingKind::kubernetes:
      return {"kubernetes", "vault", "environment"};
    case HostingKind::docker:
      return {"environment", "file", "vault"};
    case HostingKind::self_hosted:
      return {"vault", "file", "environment"};
    case HostingKind::local:
      return {"file", "environment", "memory"};
    case HostingKind::unknown:
      break;
  }
  return {"environment", "file"};
}

}  // namespace marty::config
