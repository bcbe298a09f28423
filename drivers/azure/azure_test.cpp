// Key Vault as a server that the test scripts: every status, and replies that no server should send.
#include "azure/azure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "azure/internal/scripted_azure.hpp"
#include "marty/config/config.hpp"

namespace marty::azure {
namespace {

using internal::is_read;
using internal::kClientSecret;
using internal::kValue;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedAzure;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using internal::token;
using secrets::internal::read;
using secrets::internal::tells_nothing_of;
using testing::HasSubstr;
using testing::StartsWith;

// A vault that answers as `answer` says, with a login that always succeeds.
struct Vault {
  ScriptedAnswer answer = secret();
  ScriptedAzure azure{[this](const SeenRequest& request) { return is_read(request) ? answer : token("tOkEn"); }};
  std::unique_ptr<secrets::Store> store = azure::store(azure.with_client_secret());
};

TEST(ScriptedKeyVault, is_asked_for_the_current_version_with_the_token) {
  simulate([] {
    Vault vault;
    const auto found = vault.store->get(secrets::Key::parse("shop/db"));
    EXPECT_EQ(found->value.reveal(), kValue);
    EXPECT_EQ(found->version, "0123abcd");
    const SeenRequest& request = vault.azure.seen.back();
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/secrets/shop--db?api-version=7.4");
    EXPECT_EQ(request.header("authorization"), "Bearer tOkEn");
  });
}

TEST(ScriptedKeyVault, is_asked_for_names_that_it_can_have) {
  simulate([] {
    Vault vault;
    read(*vault.store, "Shop/e-u/data_base.url");
    EXPECT_EQ(vault.azure.seen.back().target, "/secrets/Shop--e-u--data-base-url?api-version=7.4");
    EXPECT_EQ(read(*vault.store, std::string(127, 'a')), kValue);
    EXPECT_THAT(read(*vault.store, std::string(128, 'a')), AllOf(StartsWith("invalid_argument: "), HasSubstr("127")));
  });
}

TEST(ScriptedKeyVault, answers_become_the_errors_of_a_store) {
  simulate([] {
    Vault vault;
    const auto expect = [&](ScriptedAnswer given, const auto& matcher) {
      vault.answer = std::move(given);
      EXPECT_THAT(read(*vault.store), matcher) << vault.answer.body;
    };
    expect(refusal(404, "SecretNotFound"), "(nothing)");
    expect({404, "<html>no such page"}, StartsWith("unavailable: "));
    expect(refusal(403, "Forbidden", "SecretDisabled"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("disabled")));
    expect(refusal(403, "Forbidden", "ForbiddenByRbac"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("Key Vault Secrets User")));
    expect(refusal(403, "Forbidden", "ForbiddenByFirewall"),
           AllOf(StartsWith("permission_denied: "), HasSubstr("firewall")));
    expect(refusal(401, "Unauthorized"), StartsWith("unauthenticated: "));
    expect(refusal(400, "BadParameter"), StartsWith("invalid_argument: "));
    expect(refusal(429, "Throttled"), StartsWith("unavailable: "));
    expect({500, ""}, StartsWith("unavailable: "));
    expect({503, "<html>"}, StartsWith("unavailable: "));
    expect({302, ""}, StartsWith("unavailable: "));
  });
}

TEST(ScriptedKeyVault, errors_name_store_secret_and_vault) {
  simulate([] {
    Vault vault;
    vault.answer = refusal(403, "Forbidden", "ForbiddenByRbac");
    EXPECT_THAT(read(*vault.store), StartsWith("permission_denied: azure_key_vault: cannot read shop/db: " +
                                               vault.azure.endpoint() + " answers 403 Forbidden ForbiddenByRbac"));
  });
}

TEST(ScriptedKeyVault, replies_that_are_none_are_an_outage_and_are_not_quoted) {
  simulate([] {
    Vault vault;
    const std::string value(kValue);
    for (const ScriptedAnswer& given :
         std::vector<ScriptedAnswer>{{200, ""},
                                     {200, value},
                                     {200, "[\"" + value + "\"]"},
                                     {200, R"({"value":["hunter2"]})"},
                                     {200, R"({"value":")" + value},
                                     {200, R"({"value":")" + value, true},
                                     {200, R"({"value":")" + std::string(2 << 20, 'x') + value + "\"}"},
                                     {500, value},
                                     {500, R"({"error":{"code":"it is )" + value + "\"}}"}}) {
      vault.answer = given;
      EXPECT_THAT(read(*vault.store),
                  AllOf(StartsWith("unavailable: "), tells_nothing_of({value, std::string(kClientSecret), "tOkEn"})))
          << given.body;
    }
  });
}

TEST(ScriptedKeyVault, is_unavailable_where_it_does_not_answer_in_time_or_at_all) {
  simulate([] {
    ScriptedAzure azure([](const SeenRequest& request) {
      if (is_read(request)) runtime::sleep_for(std::chrono::hours(1));
      return is_read(request) ? secret() : token("t");
    });
    Options options = azure.with_client_secret();
    const auto slow = store(options);
    EXPECT_THAT(read(*slow), AllOf(StartsWith("unavailable: azure_key_vault: "), HasSubstr("in time")));
    {
      const runtime::DeadlineScope scope(std::chrono::seconds(1));
      EXPECT_THAT(read(*slow), StartsWith("deadline_exceeded: "));
    }
    options.vault_url = "http://127.0.0.1:1";
    const auto absent = store(options);
    EXPECT_THAT(read(*absent), StartsWith("unavailable: azure_key_vault: cannot read shop/db: http://127.0.0.1:1"));
    EXPECT_THROW(absent->check(), Error);
  });
}

TEST(ScriptedKeyVault, is_well_where_it_answers_about_a_secret_that_is_not_there) {
  simulate([] {
    Vault vault;
    for (const ScriptedAnswer& fine : {refusal(404, "SecretNotFound"), refusal(403, "Forbidden", "ForbiddenByRbac")}) {
      vault.answer = fine;
      EXPECT_NO_THROW(vault.store->check());
    }
    for (const ScriptedAnswer& bad : {refusal(403, "Forbidden", "ForbiddenByFirewall"), refusal(401, "Unauthorized"),
                                      refusal(429, "Throttled"), ScriptedAnswer{404, "no such page"}}) {
      vault.answer = bad;
      EXPECT_THROW(vault.store->check(), Error) << bad.body;
    }
  });
}

TEST(AzureOptions, are_checked) {
  const auto refused = [](Options options) {
    try {
      store(std::move(options));
    } catch (const Error& error) {
      return error.fields().empty() ? error.message() : error.fields().front().pointer;
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused({.vault_url = "https://shop.vault.azure.net/"}), "nothing");
  EXPECT_EQ(refused({.vault_url = "shop"}), "/vault_url");
  EXPECT_EQ(refused({.vault_url = "https://v/secrets/x"}), "/vault_url");
  EXPECT_EQ(refused({.vault_url = "http://v"}), "/vault_url");
  EXPECT_EQ(refused({.vault_url = "http://v", .insecure = true}), "nothing");
  EXPECT_EQ(refused({.vault_url = "https://v", .login_endpoint = "http://login"}), "/login_endpoint");
  EXPECT_EQ(refused({.vault_url = "https://v", .metadata_endpoint = "http://elsewhere"}), "/metadata_endpoint");
  EXPECT_EQ(refused({.vault_url = "https://v", .client_secret = Secret("s"), .federated_token_file = "f"}),
            "/federated_token_file");
  EXPECT_THAT(refused({.vault_url = "https://v", .client_secret = Secret("s")}), HasSubstr("AZURE_TENANT_ID"));
}

TEST(AzureOptions, come_from_the_configuration) {
  config::Tree tree = config::parse("secrets: {azure_key_vault: {vault_url: 'https://v', client_secret: hunter2}}");
  const auto options = tree.bind<Options>("secrets.azure_key_vault");
  tree.finish();
  EXPECT_EQ(options.client_secret->reveal(), "hunter2");
  config::Tree without = config::parse("secrets: {azure_key_vault: {timeout: 2s}}");
  static_cast<void>(without.bind<Options>("secrets.azure_key_vault"));
  EXPECT_THROW(without.finish(), Error) << "vault_url is required";
}

}  // namespace
}  // namespace marty::azure
