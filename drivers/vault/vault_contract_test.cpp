// The store against a real Vault, where there is one (scripts/tools builds it): the contract of every store, and what
// only Vault itself can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/http/client.hpp"
#include "marty/runtime/file.hpp"
#include "marty/secrets/internal/contract_suite.hpp"
#include "marty/secrets/internal/server_program.hpp"
#include "vault/internal/scripted_vault.hpp"
#include "vault/vault.hpp"

namespace marty::vault {

using internal::read;
using secrets::contract::Backend;
using secrets::contract::name_of;
using secrets::contract::StoreContract;
using secrets::contract::StoreOutageContract;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

// One of the servers of tests/support/secret_servers.py, and a way to log in there.
class RealVault final : public Backend {
 public:
  RealVault(const char* name, std::vector<std::string> servers, Auth auth)
      : name_(name), of_(servers.front()), program_(MARTY_SECRET_SERVERS, std::move(servers)), auth_(auth) {}

  const char* name() const override { return name_; }
  std::string missing() override { return program_.missing(); }
  std::unique_ptr<secrets::Store> store() override { return std::make_unique<VaultStore>(options()); }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    json::Value data = json::Value::object();
    for (const auto& [name, value] : fields) data[name] = value;
    call("write", {{"path", path}, {"data", data}});
  }
  void stop() override { call("stop"); }
  void start() override { call("start"); }

  json::Value call(std::string_view command, json::Value::Object arguments = {}) {
    arguments.push_back({"of", of_});
    return program_.call(command, std::move(arguments));
  }
  std::string said(std::string_view name) {
    const json::Value& value = program_.said(of_)[name];
    return value.is_string() ? value.as_string() : "";
  }
  Options options() {
    Options options{.address = said("address"), .auth = auth_};
    if (const std::string ca = said("ca_file"); !ca.empty()) options.ca = ca;
    if (auth_ == Auth::token) options.token = Secret(said("root_token"));
    if (auth_ == Auth::approle) options.role_id = said("role_id");
    if (auth_ == Auth::approle) options.secret_id = Secret(said("secret_id"));
    if (auth_ == Auth::kubernetes) options.role = said("role");
    if (auth_ == Auth::kubernetes) options.jwt_file = program_.said("kubernetes")["token_file"].as_string();
    return options;
  }

 private:
  const char* name_;
  std::string of_;
  secrets::internal::ServerProgram program_;
  Auth auth_;
};

RealVault by_token("VaultByToken", {"vault"}, Auth::token);
RealVault by_approle("VaultByAppRoleOverTls", {"vault-tls"}, Auth::approle);
RealVault by_kubernetes("VaultByKubernetes", {"vault", "kubernetes"}, Auth::kubernetes);

}  // namespace
}  // namespace marty::vault

namespace marty::secrets::contract {
INSTANTIATE_TEST_SUITE_P(Vault, StoreContract,
                         testing::Values(&vault::by_token, &vault::by_approle, &vault::by_kubernetes), name_of);
INSTANTIATE_TEST_SUITE_P(Vault, StoreOutageContract, testing::Values(&vault::by_token, &vault::by_approle), name_of);
}  // namespace marty::secrets::contract

namespace marty::vault {
namespace {

class RealVaultTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = by_token.missing(); !reason.empty()) GTEST_SKIP() << reason;
  }
  static void run(std::function<void()> test) { runtime::World::real({.loops = 1})->run(std::move(test)); }
  static Options approle(const json::Value& role) {
    Options options = by_token.options();
    options.auth = Auth::approle;
    options.token.reset();
    options.role_id = role["role_id"].as_string();
    options.secret_id = Secret(role["secret_id"].as_string());
    return options;
  }
};

TEST_F(RealVaultTest, tells_versions_apart) {
  run([] {
    VaultStore store(by_token.options());
    EXPECT_EQ(store.write("versions/one", {{"value", Secret("a")}}), "1");
    EXPECT_EQ(store.write("versions/one", {{"value", Secret("b")}}), "2");
    EXPECT_EQ(store.get(secrets::Key::parse("versions/one"))->version, "2");
  });
}

TEST_F(RealVaultTest, writes_lists_and_removes) {
  run([] {
    VaultStore store(by_token.options());
    store.write("tree/a", {{"x", Secret("quoted \" \\ \n \xC3\xA4")}});
    store.write("tree/b/c", {{"x", Secret("2")}});
    EXPECT_EQ(read(store, "tree/a#x"), "quoted \" \\ \n \xC3\xA4");
    EXPECT_THAT(store.list("tree"), ElementsAre("a", "b/"));
    EXPECT_THAT(store.list("tree/none"), ElementsAre());
    EXPECT_THAT(store.list(""), testing::Contains("tree/"));
    store.remove("tree/a");
    EXPECT_EQ(read(store, "tree/a#x"), "(nothing)");
    store.remove("tree/none");
  });
}

TEST_F(RealVaultTest, says_which_permission_is_missing) {
  run([] {
    VaultStore store(approle(by_token.call("role", {{"name", "no-policy"}, {"policies", json::Value::array()}})));
    EXPECT_THAT(read(store), AllOf(StartsWith("permission_denied: vault: GET "), HasSubstr("permission denied"),
                                   HasSubstr(R"(path "secret/data/shop/database" { capabilities = ["read"] })")));
  });
}

TEST_F(RealVaultTest, says_that_a_login_is_refused) {
  run([] {
    Options options = approle(by_token.call("role", {{"name", "wrong"}}));
    options.secret_id = Secret("11111111-2222-3333-4444-555555555555");
    VaultStore store(options);
    EXPECT_THAT(read(store),
                AllOf(StartsWith("unauthenticated: vault: POST "), HasSubstr("auth/approle/login"),
                      HasSubstr("invalid role or secret ID"), testing::Not(HasSubstr("11111111-2222-3333"))));
    options.auth_mount = "elsewhere";
    VaultStore elsewhere(options);
    EXPECT_THAT(read(elsewhere), StartsWith("unauthenticated: vault: POST "));
  });
}

TEST_F(RealVaultTest, says_that_a_mount_is_missing) {
  run([] {
    Options options = by_token.options();
    options.mount = "elsewhere";
    VaultStore store(options);
    EXPECT_THAT(read(store), AllOf(StartsWith("invalid_argument: vault: GET "), HasSubstr("no handler for route")));
  });
}

TEST_F(RealVaultTest, logs_in_anew_where_its_token_was_revoked) {
  run([] {
    by_token.put("shop/database", {{"password", "hunter2"}});
    VaultStore store(approle(by_token.call("role", {{"name", "revoked"}})));
    EXPECT_EQ(read(store), "hunter2");
    const http::Reply revoked =
        http::Client().send({.method = http::Method::put,
                             .url = by_token.said("address") + "/v1/sys/leases/revoke-prefix/auth/approle/login",
                             .headers = {{"x-vault-token", by_token.said("root_token")}}});
    EXPECT_EQ(revoked.status, 204) << revoked.body;
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST_F(RealVaultTest, reads_its_token_file_anew_where_the_token_was_revoked) {
  run([] {
    by_token.put("shop/database", {{"password", "hunter2"}});
    const tls::internal::TemporaryFolder folder;
    const std::string file = (folder.path() / "token").string();
    const std::string first = by_token.call("token")["token"].as_string();
    runtime::write_file(file, first + "\n", 0600);
    Options options = by_token.options();
    options.token.reset();
    options.token_file = file;
    VaultStore store(options);
    EXPECT_EQ(read(store), "hunter2");
    by_token.call("revoke", {{"token", first}});
    EXPECT_THAT(read(store), StartsWith("permission_denied: "));
    runtime::write_file(file, by_token.call("token")["token"].as_string(), 0600);
    VaultStore another(options);
    EXPECT_EQ(read(another), "hunter2");
  });
}

TEST_F(RealVaultTest, renews_what_has_little_time_left) {
  run([] {
    by_token.put("shop/database", {{"password", "hunter2"}});
    VaultStore store(approle(by_token.call("role", {{"name", "short"}, {"ttl", "1s"}, {"max_ttl", "2s"}})));
    const runtime::TimePoint end = runtime::now() + std::chrono::seconds(5);  // past the longest time of two tokens
    while (runtime::now() < end) {
      ASSERT_EQ(read(store), "hunter2");
      runtime::sleep_for(std::chrono::milliseconds(50));
    }
  });
}

TEST_F(RealVaultTest, is_unavailable_while_it_does_not_answer) {
  run([] {
    by_token.put("shop/database", {{"password", "hunter2"}});
    Options options = by_token.options();
    VaultStore store(options);
    EXPECT_EQ(read(store), "hunter2");
    options.timeout = std::chrono::milliseconds(200);
    VaultStore hasty(options);
    by_token.call("freeze");
    std::string said = read(hasty);
    for (int i = 0; i < 100 && said == "hunter2"; ++i) said = read(hasty);  // it is not frozen at once
    EXPECT_THAT(said, AllOf(StartsWith("unavailable: vault: "), HasSubstr("in time")));
    EXPECT_THROW(hasty.check(), Error);
    by_token.call("thaw");
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST_F(RealVaultTest, is_unavailable_while_sealed) {
  run([] {
    by_token.put("shop/database", {{"password", "hunter2"}});
    VaultStore store(by_token.options());
    EXPECT_EQ(read(store), "hunter2");
    by_token.call("seal");
    EXPECT_THAT(read(store), AllOf(StartsWith("unavailable: vault: "), HasSubstr("503")));
    EXPECT_THROW(store.check(), Error);
    by_token.call("unseal");
    EXPECT_EQ(read(store), "hunter2");
    store.check();
  });
}

}  // namespace
}  // namespace marty::vault
