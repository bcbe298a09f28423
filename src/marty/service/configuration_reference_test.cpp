// docs/reference/configuration.md is what the sections say of themselves; MARTY_UPDATE_GOLDEN=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "marty/secrets/local_stores.hpp"
#include "marty/service/config.hpp"
#include "marty/service/internal/settings_table.hpp"
#include "marty/service/secret_stores.hpp"

namespace marty::service {
namespace {

using internal::append_rows;

TEST(ConfigurationReference, lists_every_setting_that_every_service_has) {
  std::string text =
      "# Settings\n\nWhat every service reads, in `config/*.yaml` or as a variable (`MARTY_SERVER__HTTP_PORT`): see "
      "the [guide](../guide/configuration.md). Those of the stores that are drivers stand in "
      "[secrets](secrets.md).\n\n| setting | default | meaning |\n| --- | --- | --- |\n";
  append_rows(text, "service", reflect::type_of<ServiceSection>());
  append_rows(text, "server", reflect::type_of<ServerSection>());
  append_rows(text, "security.tls", reflect::type_of<TlsSection>());
  append_rows(text, "database", reflect::type_of<DatabaseSection>());
  append_rows(text, "logging", reflect::type_of<LoggingSection>());
  append_rows(text, "telemetry", reflect::type_of<TelemetrySection>());
  append_rows(text, "admin", reflect::type_of<AdminSection>());
  append_rows(text, "configuration", reflect::type_of<ConfigurationSection>());
  append_rows(text, "secrets", reflect::type_of<SecretsSection>());
  append_rows(text, "secrets.environment", reflect::type_of<secrets::EnvironmentOptions>());
  append_rows(text, "secrets.file", reflect::type_of<secrets::FileOptions>());
  append_rows(text, "secrets.memory", reflect::type_of<secrets::MemoryOptions>());
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(MARTY_SETTINGS_REFERENCE) << text;
  std::ostringstream expected;
  expected << std::ifstream(MARTY_SETTINGS_REFERENCE).rdbuf();
  EXPECT_EQ(text, expected.str());
}

}  // namespace
}  // namespace marty::service
