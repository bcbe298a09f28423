// docs/reference/secrets.md is what the stores that are drivers say of their options; MARTY_UPDATE_GOLDEN=1 writes it
// anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "aws/aws.hpp"
#include "azure/azure.hpp"
#include "gcp/gcp.hpp"
#include "kubernetes/kubernetes.hpp"
#include "marty/service/internal/settings_table.hpp"
#include "vault/vault.hpp"

namespace marty::service {
namespace {

TEST(SecretsReference, lists_the_options_of_every_store_that_is_a_driver) {
  std::string text =
      "# Stores of secrets\n\nThe options of the stores that are drivers: see the [guide](../guide/secrets.md).\n\n"
      "| setting | default | meaning |\n| --- | --- | --- |\n";
  internal::append_rows(text, "secrets.vault", reflect::type_of<vault::Options>());
  internal::append_rows(text, "secrets.kubernetes", reflect::type_of<kubernetes::Options>());
  internal::append_rows(text, "secrets.aws_secrets_manager", reflect::type_of<aws::Options>());
  internal::append_rows(text, "secrets.azure_key_vault", reflect::type_of<azure::Options>());
  internal::append_rows(text, "secrets.gcp_secret_manager", reflect::type_of<gcp::Options>());
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(MARTY_SECRETS_REFERENCE) << text;
  std::ostringstream expected;
  expected << std::ifstream(MARTY_SECRETS_REFERENCE).rdbuf();
  EXPECT_EQ(text, expected.str());
}

}  // namespace
}  // namespace marty::service
