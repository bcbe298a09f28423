// The store against answers of our own making: what each of them means. vault_contract_test.cpp asks a real Vault.
#include "vault/vault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/config/config.hpp"
#include "marty/reflect/validate.hpp"
#include "vault/internal/scripted_vault.hpp"

namespace marty::vault {
namespace {

using http::internal::error_of;
using http::internal::run_in;
using http::internal::WorldKind;
using internal::cut_reply;
using internal::read;
using internal::ScriptedVault;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kRead = "GET secret/data/shop/database";

void with_scripted_vault(const std::function<void(ScriptedVault&, VaultStore&)>& test, Options options = {}) {
  run_in(WorldKind::simulated, [&] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"user": "ann", "password": "hunter2"})");
    Options complete = vault.options();
    complete.vault_namespace = options.vault_namespace;
    complete.mount = options.mount;
    complete.auth_mount = options.auth_mount;
    VaultStore store(complete);
    test(vault, store);
  });
}

TEST(ScriptedVault, gives_a_field_with_its_version) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    const auto found = store.get(secrets::Key::parse("shop/database#password"));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->value.reveal(), "hunter2");
    EXPECT_EQ(found->version, "7");
    EXPECT_EQ(vault.last_header("x-vault-token"), "token-1");
    EXPECT_EQ(vault.last_header("x-vault-request"), "true");
    EXPECT_EQ(vault.last_header("x-vault-namespace"), "");
    EXPECT_THAT(vault.seen(), ElementsAre("POST auth/approle/login", kRead));
  });
}

TEST(ScriptedVault, gives_numbers_and_booleans_as_json_writes_them) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.keep("shop/limits", R"({"rate": 1.5, "most": 12345678901234, "on": true, "more": {"a": 1}})");
    EXPECT_EQ(read(store, "shop/limits#rate"), "1.5");
    EXPECT_EQ(read(store, "shop/limits#most"), "12345678901234");
    EXPECT_EQ(read(store, "shop/limits#on"), "true");
    EXPECT_THAT(read(store, "shop/limits#more"), StartsWith("invalid_argument: "));
  });
}

TEST(ScriptedVault, has_nothing_where_a_version_was_deleted) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store, "shop/none"), "(nothing)");
    vault.script(kRead, 404, R"({"data": {"data": null, "metadata": {"deletion_time": "2026-01-01T00:00:00Z",
                                 "destroyed": false, "version": 3}}})");
    EXPECT_EQ(read(store), "(nothing)");
  });
}

TEST(ScriptedVault, says_what_each_status_means) {
  const std::pair<int, const char*> cases[] = {
      {400, "invalid_argument"}, {401, "unauthenticated"}, {403, "permission_denied"}, {405, "invalid_argument"},
      {307, "unavailable"},      {408, "unavailable"},     {412, "unavailable"},       {429, "unavailable"},
      {472, "unavailable"},      {473, "unavailable"},     {500, "unavailable"},       {502, "unavailable"},
      {503, "unavailable"}};
  for (const auto& [status, code] : cases) {
    with_scripted_vault([&](ScriptedVault& vault, VaultStore& store) {
      vault.script(kRead, status, R"({"errors": ["the words", "of Vault\nitself"]})");
      EXPECT_THAT(read(store), AllOf(StartsWith(std::string(code) + ": vault: " + kRead + ": " + vault.address() +
                                                " answers " + std::to_string(status)),
                                     HasSubstr("the words; of Vault itself")));
    });
  }
}

TEST(ScriptedVault, names_the_policy_that_is_missing) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, 403, R"({"errors": ["permission denied"]})");
    EXPECT_THAT(read(store), HasSubstr("path \"secret/data/shop/database\" { capabilities = [\"read\"] }"));
  });
}

TEST(ScriptedVault, tells_a_mount_that_is_not_there_from_a_secret_that_is_not) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, 404, R"({"errors": ["no handler for route \"secret/data/shop/database\""]})");
    EXPECT_THAT(read(store), AllOf(StartsWith("invalid_argument: "), HasSubstr("no handler for route"),
                                   HasSubstr("a KV engine of version 2 at the mount secret?")));
    vault.forget_script(kRead);
    vault.script(kRead, 404, "<html>nginx</html>");
    EXPECT_THAT(read(store), StartsWith("unavailable: "));
  });
}

TEST(ScriptedVault, is_unavailable_where_the_answer_is_not_vaults) {
  const std::string answers[] = {"",     "<html>hunter2</html>",        "{",  R"({"data": {"data": "hunter2"}})",
                                 "null", R"({"data": {"value": "x"}})", "{}", std::string(5 << 20, 'x')};
  for (const std::string& answer : answers) {
    with_scripted_vault([&](ScriptedVault& vault, VaultStore& store) {
      vault.script(kRead, 200, answer);
      EXPECT_THAT(read(store),
                  AllOf(StartsWith("unavailable: vault: "), HasSubstr("shop/database"), Not(HasSubstr("hunter2"))));
    });
  }
}

TEST(ScriptedVault, is_unavailable_where_the_connection_breaks) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, cut_reply);
    const std::string address = vault.address();
    EXPECT_THAT(read(store), AllOf(StartsWith("unavailable: vault: "), HasSubstr(address)));
    vault.server().drain(std::chrono::seconds(0));
    EXPECT_THAT(read(store), AllOf(StartsWith("unavailable: vault: "), HasSubstr(address)));
    EXPECT_EQ(error_of([&] { store.check(); }).code(), Code::unavailable);
  });
}

TEST(ScriptedVault, gives_up_after_its_timeout) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, [](http::Request&, http::Response&) { runtime::sleep_for(std::chrono::minutes(1)); });
    const runtime::TimePoint start = runtime::now();
    EXPECT_THAT(read(store), StartsWith("unavailable: vault: "));
    EXPECT_EQ((runtime::now() - start) / std::chrono::seconds(1), 5);
    const runtime::DeadlineScope scope(std::chrono::seconds(1));
    EXPECT_THAT(read(store), StartsWith("deadline_exceeded: vault: "));
  });
}

TEST(ScriptedVault, asks_in_its_namespace_and_mounts) {
  const Options options{.vault_namespace = "team/shop", .mount = "kv/shop", .auth_mount = "machines"};
  with_scripted_vault(
      [](ScriptedVault& vault, VaultStore& store) {
        EXPECT_EQ(read(store), "hunter2");
        EXPECT_EQ(vault.last_header("x-vault-namespace"), "team/shop");
        EXPECT_THAT(vault.seen(), ElementsAre("POST auth/machines/login", "GET kv/shop/data/shop/database"));
        store.check();  // which has no namespace
        EXPECT_EQ(vault.last_header("x-vault-namespace"), "");
      },
      options);
}

TEST(ScriptedVault, is_asked_behind_a_prefix) {
  run_in(WorldKind::simulated, [] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    Options options = vault.options();
    options.address += "/behind/";
    std::string target;
    vault.script("POST auth/approle/login", [&](http::Request& request, http::Response& response) {
      target = request.target;
      response.status = 400;
    });
    VaultStore store(options);
    EXPECT_THAT(read(store), HasSubstr("POST auth/approle/login: " + vault.address() + "/behind answers 400"));
    EXPECT_EQ(target, "/behind/v1/auth/approle/login");
  });
}

TEST(ScriptedVault, is_checked_without_a_login) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    store.check();
    EXPECT_THAT(vault.seen(), ElementsAre("GET sys/health?standbyok=true&perfstandbyok=true"));
    const std::string line = vault.seen().back();
    for (const int status : {429, 472, 473, 501, 503}) {
      vault.forget_script(line);
      vault.script(line, status, R"({"initialized": true, "sealed": true})");
      EXPECT_EQ(error_of([&] { store.check(); }).code(), Code::unavailable) << status;
    }
    EXPECT_THAT(error_of([&] { store.check(); }).message(), HasSubstr("sealed"));
    vault.forget_script(line);
    vault.script(line, 200, "<html>It works!</html>");
    EXPECT_THAT(error_of([&] { store.check(); }).message(), HasSubstr("does not answer as Vault does"));
  });
}

TEST(ScriptedVault, writes_lists_and_removes) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script("POST secret/data/shop/new", 200, R"({"data": {"version": 3}})");
    EXPECT_EQ(store.write("shop/new", {{"a", Secret("x\"y")}, {"b", Secret("")}}), "3");
    EXPECT_EQ(vault.last_body(), R"({"data":{"a":"x\"y","b":""}})");
    EXPECT_EQ(vault.last_header("content-type"), "application/json");
    EXPECT_EQ((store.write("shop/new", {}), vault.last_body()), R"({"data":{}})");
    vault.script("GET secret/metadata/shop/?list=true", 200, R"({"data": {"keys": ["database", "mail/"]}})");
    vault.script("GET secret/metadata/?list=true", 404, R"({"errors": []})");
    EXPECT_THAT(store.list("shop"), ElementsAre("database", "mail/"));
    EXPECT_THAT(store.list(""), ElementsAre());
    vault.script("DELETE secret/data/shop/new", 204, "");
    store.remove("shop/new");
    EXPECT_EQ(vault.count("DELETE secret/data/shop/new"), 1);
  });
}

TEST(ScriptedVault, needs_what_writing_and_listing_need) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    const char* refused = R"({"errors": ["1 error occurred:\n\t* permission denied\n\n"]})";
    vault.script("POST secret/data/shop/new", 403, refused);
    vault.script("GET secret/metadata/shop/?list=true", 403, refused);
    vault.script("DELETE secret/data/shop/new", 403, refused);
    const auto said = [](const std::function<void()>& call) { return error_of(call).message(); };
    EXPECT_THAT(said([&] { store.write("shop/new", {}); }), HasSubstr(R"(capabilities = ["create", "update"])"));
    EXPECT_THAT(said([&] { store.list("shop"); }),
                HasSubstr(R"(path "secret/metadata/shop/" { capabilities = ["list)"));
    EXPECT_THAT(said([&] { store.remove("shop/new"); }), HasSubstr(R"(capabilities = ["delete"])"));
  });
}

TEST(ScriptedVault, is_not_asked_for_paths_that_lead_elsewhere) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    for (const char* path : {"../sys/seal", "a/../b", "a?b", "a b", "", "a//b", "a%2fb", "a#b"}) {
      EXPECT_EQ(error_of([&] { store.write(path, {}); }).code(), Code::invalid_argument) << path;
      EXPECT_EQ(error_of([&] { store.get({path, ""}); }).code(), Code::invalid_argument) << path;
    }
    EXPECT_TRUE(vault.seen().empty());
  });
}

TEST(ScriptedVaultOverTls, is_trusted_by_the_file_of_authorities_as_it_is_now) {
  run_in(WorldKind::real, [] {
    const tls::internal::TestPki pki, other("Another CA");
    const tls::ServerContext context(
        {.certificates = {pki.issue({.subject = "vault", .ip_addresses = {"127.0.0.1"}})}});
    http::internal::TestServer server(
        [](http::Request& request, http::Response& response) {
          const bool is_login = request.target.ends_with("/login");
          response.set_body(is_login ? R"({"auth": {"client_token": "t", "lease_duration": 600}})"
                                     : R"({"data": {"data": {"password": "hunter2"}, "metadata": {"version": 1}}})",
                            "application/json");
        },
        {}, {.tls = &context});
    const std::string ca = pki.path("of-vault.pem");
    other.authority.write(ca);
    VaultStore store(
        {.address = "https://" + server.server.address().to_string(), .auth = Auth::approle, .role_id = "x", .ca = ca});
    EXPECT_THAT(read(store), StartsWith("unavailable: vault: "));
    pki.authority.write(ca);
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST(Options, say_what_is_missing) {
  const auto problems = [](const Options& options) {
    std::string text;
    for (const FieldError& error : reflect::validate(options)) text += error.pointer + " " + error.message + "\n";
    return text;
  };
  EXPECT_EQ(problems({.token = Secret("x")}), "");
  EXPECT_EQ(problems({.token_file = "x"}), "");
  EXPECT_EQ(problems({.auth = Auth::approle, .role_id = "x"}), "");
  EXPECT_EQ(problems({.auth = Auth::kubernetes, .role = "x"}), "");
  EXPECT_EQ(problems({}), "/token is required where auth is token, or token_file\n");
  EXPECT_EQ(problems({.token = Secret("x"), .token_file = "y"}),
            "/token is one way, and token_file another: give one of them\n");
  EXPECT_EQ(problems({.auth = Auth::approle}), "/role_id is required where auth is approle\n");
  EXPECT_EQ(problems({.auth = Auth::kubernetes}), "/role is required where auth is kubernetes\n");
  EXPECT_EQ(problems({.token = Secret("x"), .ca = "ca.pem"}), "/ca is of no use where the address is not https\n");
  EXPECT_EQ(problems({.token = Secret("x"), .timeout = std::chrono::seconds(0)}), "/timeout must be more than 0s\n");
  for (const char* address :
       {"vault:8200", "ftp://vault", "http://", "http://u:p@vault", "http://vault?x", "http://vault"})
    EXPECT_THAT(problems({.address = address, .token = Secret("x")}), StartsWith("/address ")) << address;
  EXPECT_EQ(problems({.address = "http://vault", .token = Secret("x"), .insecure = true}), "");
  for (const char* mount : {"", "/secret", "secret/", "a b", "a?b"})
    EXPECT_THAT(problems({.mount = mount, .token = Secret("x")}), StartsWith("/mount ")) << mount;
  EXPECT_EQ(error_of([] { store({}); }).code(), Code::invalid_argument);
}

TEST(Options, come_from_the_configuration) {
  config::Tree tree = config::parse(
      "secrets: {vault: {address: 'https://vault:8200', namespace: team, mount: kv, auth: approle, role_id: shop, "
      "timeout: 2s}}",
      "config", {{"MARTY_SECRETS__VAULT__SECRET_ID", "hunter2"}});
  const auto options = tree.bind<Options>("secrets.vault");
  tree.finish();
  EXPECT_EQ(options.address, "https://vault:8200");
  EXPECT_EQ(options.vault_namespace, "team");
  EXPECT_EQ(options.auth, Auth::approle);
  EXPECT_TRUE(options.secret_id && options.secret_id->equals("hunter2"));
  EXPECT_EQ(options.timeout, config::Duration(std::chrono::seconds(2)));
}

}  // namespace
}  // namespace marty::vault
