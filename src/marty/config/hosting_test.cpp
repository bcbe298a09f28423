#include "marty/config/hosting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "marty/base/error.hpp"

namespace marty::config {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

// What is detected in a machine that has these variables and files, and nothing else.
Hosting detect(const Variables& variables, const Files& files) {
  std::string root = (fs::temp_directory_path() / "marty-hosting-XXXXXX").string();
  mkdtemp(root.data());
  for (const auto& [name, content] : files) {
    fs::create_directories((fs::path(root) / name).parent_path());
    std::ofstream(fs::path(root) / name) << content << '\n';
  }
  try {
    Hosting hosting = detect_hosting({.variables = variables, .root = root});
    fs::remove_all(root);
    return hosting;
  } catch (...) {
    fs::remove_all(root);
    throw;
  }
}

const std::string kVendor = "sys/class/dmi/id/sys_vendor";
const std::string kToken = "var/run/secrets/kubernetes.io/serviceaccount/token";

struct Case {
  std::string_view kind;
  Variables variables;
  Files files;
  std::string_view reason;
  std::map<std::string, std::string> attributes;
};

TEST(Hosting, is_told_by_variables_and_files) {
  const Case cases[] = {
      {"local", {}, {}, "no sign of anything else", {}},
      {"local", {}, {{kVendor, "LENOVO"}}, "no sign of anything else", {}},
      {"local", {}, {{kVendor, "Microsoft Corporation"}}, "no sign of anything else", {}},  // Hyper-V at home
      {"self_hosted", {{"INVOCATION_ID", "8f"}}, {}, "the variable INVOCATION_ID (systemd runs this)", {}},
      {"docker", {}, {{".dockerenv", ""}}, "/.dockerenv", {}},
      {"docker", {}, {{"run/.containerenv", ""}}, "/run/.containerenv", {}},
      {"aws",
       {},
       {{kVendor, "Amazon EC2"}},
       "/sys/class/dmi/id/sys_vendor (Amazon EC2)",
       {{"cloud.provider", "aws"}, {"cloud.platform", "aws_ec2"}}},
      {"aws",
       {{"ECS_CONTAINER_METADATA_URI_V4", "http://x"}, {"AWS_REGION", "eu-central-1"}},
       {{".dockerenv", ""}},
       "the variable ECS_CONTAINER_METADATA_URI_V4",
       {{"cloud.provider", "aws"}, {"cloud.platform", "aws_ecs"}, {"cloud.region", "eu-central-1"}}},
      {"gcp",
       {{"K_SERVICE", "shop"}},
       {},
       "the variable K_SERVICE",
       {{"cloud.provider", "gcp"}, {"cloud.platform", "gcp_cloud_run"}}},
      {"gcp",
       {},
       {{"sys/class/dmi/id/product_name", "Google Compute Engine"}},
       "/sys/class/dmi/id/product_name (Google Compute Engine)",
       {{"cloud.provider", "gcp"}, {"cloud.platform", "gcp_compute_engine"}}},
      {"azure",
       {{"WEBSITE_SITE_NAME", "shop"}},
       {},
       "the variable WEBSITE_SITE_NAME",
       {{"cloud.provider", "azure"}, {"cloud.platform", "azure_app_service"}}},
      {"azure",
       {},
       {{kVendor, "Microsoft Corporation"}, {"sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77"}},
       "/sys/class/dmi/id/sys_vendor (Microsoft Corporation)",
       {{"cloud.provider", "azure"}, {"cloud.platform", "azure_vm"}}},
      {"kubernetes",
       {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"HOSTNAME", "shop-5d9"}},
       {{kVendor, "Amazon EC2"}, {"var/run/secrets/kubernetes.io/serviceaccount/namespace", "shops"}},
       "the variable KUBERNETES_SERVICE_HOST",
       {{"cloud.provider", "aws"},
        {"cloud.platform", "aws_ec2"},
        {"k8s.namespace.name", "shops"},
        {"k8s.pod.name", "shop-5d9"}}},
      {"kubernetes", {}, {{kToken, "x"}}, "/var/run/secrets/kubernetes.io/serviceaccount/token", {}},
      {"unknown",
       {{"K_SERVICE", "shop"}, {"WEBSITE_SITE_NAME", "shop"}},
       {},
       "the variable K_SERVICE and the variable WEBSITE_SITE_NAME",
       {}},
      {"self_hosted", {{"MARTY_HOSTING", "self_hosted"}}, {{".dockerenv", ""}}, "the variable MARTY_HOSTING", {}},
      {"local", {}, {{"etc/hostname", "box"}}, "no sign of anything else", {{"host.name", "box"}}},
  };
  for (const Case& each : cases) {
    const Hosting hosting = detect(each.variables, each.files);
    EXPECT_EQ(hosting_name(hosting.kind), each.kind) << each.reason;
    EXPECT_EQ(hosting.reason, each.reason);
    EXPECT_EQ(hosting.attributes, each.attributes) << each.reason;
  }
}

TEST(Hosting, refuses_a_name_that_is_none) {
  try {
    detect({{"MARTY_HOSTING", "kubernets"}}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::HasSubstr("not \"kubernets\"; did you mean kubernetes?"));
  }
}

TEST(Hosting, chooses_the_order_of_secrets) {
  using testing::ElementsAre;
  EXPECT_THAT(default_secret_order(HostingKind::aws), ElementsAre("aws_secrets_manager", "environment", "file"));
  EXPECT_THAT(default_secret_order(HostingKind::gcp), ElementsAre("gcp_secret_manager", "environment", "file"));
  EXPECT_THAT(default_secret_order(HostingKind::azure), ElementsAre("azure_key_vault", "environment", "file"));
  EXPECT_THAT(default_secret_order(HostingKind::kubernetes), ElementsAre("kubernetes", "vault", "environment"));
  EXPECT_THAT(default_secret_order(HostingKind::docker), ElementsAre("environment", "file", "vault"));
  EXPECT_THAT(default_secret_order(HostingKind::self_hosted), ElementsAre("vault", "file", "environment"));
  EXPECT_THAT(default_secret_order(HostingKind::local), ElementsAre("file", "environment", "memory"));
  EXPECT_THAT(default_secret_order(HostingKind::unknown), ElementsAre("environment", "file"));
}

}  // namespace
}  // namespace marty::config
