// When the store logs in, renews and logs in anew, in simulated time against answers of our own making.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "marty/runtime/file.hpp"
#include "vault/internal/scripted_vault.hpp"
#include "vault/internal/session.hpp"
#include "vault/vault.hpp"

namespace marty::vault {
namespace {

using http::internal::run_in;
using http::internal::WorldKind;
using internal::read;
using internal::ScriptedVault;
using internal::Session;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kLogin = "POST auth/approle/login";
constexpr const char* kRenew = "POST auth/token/renew-self";
constexpr const char* kLookUp = "GET auth/token/lookup-self";
constexpr const char* kRead = "GET secret/data/shop/database";
constexpr const char* kRefused = R"({"errors": ["permission denied"]})";

void with_scripted_vault(const std::function<void(ScriptedVault&, VaultStore&)>& test) {
  run_in(WorldKind::simulated, [&] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    VaultStore store(vault.options());
    test(vault, store);
  });
}

// What as many fibers read at the same time.
std::vector<std::string> read_at_once(VaultStore& store, int fibers) {
  const auto reading = [&] { return read(store); };
  std::vector<decltype(runtime::spawn(reading))> readers;
  for (int i = 0; i < fibers; ++i) readers.push_back(runtime::spawn(reading));
  std::vector<std::string> all;
  for (auto& reader : readers) all.push_back(reader.join());
  return all;
}

TEST(ScriptedVaultLogin, is_made_once_for_all_fibers) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.delay = seconds(1);
    EXPECT_THAT(read_at_once(store, 20), Each("hunter2"));
    EXPECT_EQ(vault.count(kLogin), 1);
    EXPECT_EQ(vault.count(kRead), 20);
  });
}

TEST(ScriptedVaultLogin, is_made_once_for_all_loops) {
  const auto world = runtime::World::real({.loops = 3});
  world->run([&] {
    std::atomic<int> logins = 0;
    http::internal::TestServer server([&](http::Request& request, http::Response& response) {
      const bool is_login = request.target.ends_with("/login");
      logins += is_login ? 1 : 0;
      response.set_body(is_login ? R"({"auth": {"client_token": "t", "lease_duration": 600}})"
                                 : R"({"data": {"data": {"password": "hunter2"}, "metadata": {"version": 1}}})",
                        "application/json");
    });
    VaultStore store({.address = "http://" + server.server.address().to_string(),
                      .auth = Auth::approle,
                      .role_id = "x",
                      .insecure = true});
    const auto read_on = [&](std::size_t loop) {
      return [&, loop] { runtime::run_on(*world->loops()[loop], [&] { EXPECT_EQ(read(store), "hunter2"); }); };
    };
    std::vector<decltype(runtime::spawn(read_on(0)))> readers;
    for (std::size_t i = 0; i < 12; ++i) readers.push_back(runtime::spawn(read_on(i % 3)));
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(logins, 1);
  });
}

TEST(ScriptedVaultLogin, that_is_refused_is_not_repeated_by_all_who_wait) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kLogin, 400, R"({"errors": ["invalid role or secret ID"]})");
    EXPECT_THAT(read_at_once(store, 20),
                Each(AllOf(StartsWith("unauthenticated: vault: "), HasSubstr("invalid role or secret ID"))));
    EXPECT_EQ(vault.count(kLogin), 1);
    vault.forget_script(kLogin);
    runtime::sleep_for(minutes(1));
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST(ScriptedVaultLogin, that_gives_no_token_is_refused) {
  for (const char* answer : {"{}", "<html>", R"({"auth": null})", R"({"auth": {"client_token": ""}})"}) {
    with_scripted_vault([&](ScriptedVault& vault, VaultStore& store) {
      vault.script(kLogin, 200, answer);
      EXPECT_THAT(read(store), AllOf(StartsWith("unauthenticated: vault: "), HasSubstr("without a token")));
    });
  }
}

TEST(ScriptedVaultLogin, is_unavailable_where_vault_is) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kLogin, 503, R"({"errors": ["Vault is sealed"]})");
    EXPECT_THAT(read(store), AllOf(StartsWith("unavailable: vault: "), HasSubstr("Vault is sealed")));
    vault.forget_script(kLogin);
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST(ScriptedVaultLogin, of_a_fiber_that_is_cancelled_leaves_the_others_theirs) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.delay = seconds(1);
    auto hasty = runtime::spawn([&] {
      const runtime::DeadlineScope scope(std::chrono::milliseconds(100));
      return read(store);
    });
    auto cancelled = runtime::spawn([&] { return read(store); });
    auto patient = runtime::spawn([&] { return read(store); });
    runtime::sleep_for(std::chrono::milliseconds(500));
    cancelled.cancel();
    EXPECT_THAT(hasty.join(), StartsWith("deadline_exceeded: "));
    EXPECT_THAT(cancelled.join(), StartsWith("cancelled: "));
    EXPECT_EQ(patient.join(), "hunter2");
  });
}

TEST(ScriptedVaultToken, is_renewed_when_less_than_a_third_of_its_time_is_left) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(seconds(390));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kRenew), 0);
    runtime::sleep_for(seconds(20));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kRenew), 1);
    for (int i = 0; i < 100; ++i) {
      runtime::sleep_for(minutes(1));
      EXPECT_EQ(read(store), "hunter2");
    }
    EXPECT_EQ(vault.count(kLogin), 1);
    EXPECT_EQ(vault.count(kRenew), 15);
  });
}

TEST(ScriptedVaultToken, is_renewed_once_while_the_others_use_it) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(seconds(450));
    EXPECT_THAT(read_at_once(store, 20), Each("hunter2"));
    EXPECT_EQ(vault.count(kRenew), 1);
  });
}

TEST(ScriptedVaultToken, is_got_anew_where_renewing_is_refused) {
  for (const int status : {400, 403, 500}) {  // 500 is what Vault answers past the longest time of a token
    with_scripted_vault([&](ScriptedVault& vault, VaultStore& store) {
      vault.script(kRenew, status, R"({"errors": ["past the max TTL, cannot renew"]})");
      EXPECT_EQ(read(store), "hunter2");
      runtime::sleep_for(seconds(450));
      EXPECT_EQ(read(store), "hunter2");
      EXPECT_EQ(vault.count(kLogin), 2);
      EXPECT_EQ(vault.last_header("x-vault-token"), "token-2");
    });
  }
}

TEST(ScriptedVaultToken, is_got_anew_where_its_longest_time_is_near) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.ttl_of_renewals = seconds(100);
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(seconds(450));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kRenew), 1);
    EXPECT_EQ(vault.count(kLogin), 2);
  });
}

TEST(ScriptedVaultToken, is_got_anew_where_it_cannot_be_renewed) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.renewable = false;
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(seconds(450));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kRenew), 0);
    EXPECT_EQ(vault.count(kLogin), 2);
  });
}

TEST(ScriptedVaultToken, is_got_anew_where_it_has_ended) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(minutes(60));
    EXPECT_THAT(read_at_once(store, 5), Each("hunter2"));
    EXPECT_EQ(vault.count(kLogin), 2);
  });
}

TEST(ScriptedVaultToken, is_used_on_while_it_cannot_be_renewed) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store), "hunter2");
    vault.script(kRenew, 503, "{}");
    vault.script(kLogin, 503, "{}");
    for (int i = 0; i < 9; ++i) {
      runtime::sleep_for(minutes(1));
      EXPECT_EQ(read(store), "hunter2");
    }
    runtime::sleep_for(minutes(1));
    EXPECT_THAT(read(store), StartsWith("unavailable: "));
    vault.forget_script(kLogin);
    EXPECT_EQ(read(store), "hunter2");
  });
}

TEST(ScriptedVaultToken, that_never_ends_is_never_renewed) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.ttl = seconds(0);
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(std::chrono::hours(500));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kRenew) + vault.count(kLogin), 1);
  });
}

TEST(ScriptedVaultRefusal, of_a_revoked_token_leads_to_one_login_for_all_and_one_retry) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    EXPECT_EQ(read(store), "hunter2");
    vault.revoke_all();
    EXPECT_THAT(read_at_once(store, 20), Each("hunter2"));
    EXPECT_EQ(vault.count(kLogin), 2);
    EXPECT_EQ(vault.count(kLookUp), 1);
  });
}

TEST(ScriptedVaultRefusal, of_a_good_token_leads_to_no_login) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, 403, kRefused);
    EXPECT_THAT(read_at_once(store, 20), Each(StartsWith("permission_denied: vault: ")));
    EXPECT_EQ(vault.count(kLogin), 1);
    EXPECT_EQ(vault.count(kLookUp), 1);
    EXPECT_EQ(vault.count(kRead), 20);
  });
}

TEST(ScriptedVaultRefusal, leads_to_no_storm_of_logins_where_a_token_may_not_look_at_itself) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, 403, kRefused);
    vault.script(kLookUp, 403, kRefused);
    const runtime::TimePoint start = runtime::now();
    while (runtime::now() - start < minutes(1)) {
      EXPECT_THAT(read_at_once(store, 5), Each(StartsWith("permission_denied: vault: ")));
      runtime::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_LE(vault.count(kLogin), 1 + minutes(1) / Session::kPause + 1);
    EXPECT_GE(vault.count(kLogin), 2);
  });
}

TEST(ScriptedVaultRefusal, is_tried_again_only_once) {
  with_scripted_vault([](ScriptedVault& vault, VaultStore& store) {
    vault.script(kRead, 403, kRefused);
    vault.script(kLookUp, 403, kRefused);
    EXPECT_THAT(read(store), StartsWith("permission_denied: vault: "));
    EXPECT_THAT(vault.seen(), ElementsAre(kLogin, kRead, kLookUp, kLogin, kRead));
  });
}

TEST(ScriptedVaultGivenToken, is_renewed_and_never_got_anew) {
  run_in(WorldKind::simulated, [] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    vault.allow("given", minutes(10));
    VaultStore store({.address = vault.address(), .token = Secret("given"), .insecure = true});
    EXPECT_EQ(read(store), "hunter2");
    runtime::sleep_for(seconds(450));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_THAT(vault.seen(), ElementsAre(kLookUp, kRead, kRenew, kRead));
    vault.revoke_all();
    EXPECT_THAT(read(store), AllOf(StartsWith("permission_denied: "), HasSubstr("the token is not valid any more")));
    EXPECT_THAT(vault.seen(), ElementsAre(kLookUp, kRead, kRenew, kRead, kRead));
  });
}

TEST(ScriptedVaultGivenToken, is_used_where_it_may_not_look_at_itself) {
  run_in(WorldKind::simulated, [] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    vault.allow("given");
    vault.script(kLookUp, 403, kRefused);
    VaultStore store({.address = vault.address(), .token = Secret("given"), .insecure = true});
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.count(kLookUp), 1);
  });
}

TEST(ScriptedVaultTokenFile, is_read_anew_where_its_token_has_ended) {
  run_in(WorldKind::simulated, [] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    const tls::internal::TemporaryFolder folder;
    const std::string file = (folder.path() / "token").string();
    VaultStore store({.address = vault.address(), .token_file = file, .insecure = true});
    EXPECT_THAT(read(store), AllOf(StartsWith("unauthenticated: vault: cannot log in: token_file: "), HasSubstr(file)));
    runtime::sleep_for(minutes(1));
    runtime::write_file(file, " first\n", 0600);
    vault.allow("first");
    EXPECT_EQ(read(store), "hunter2");
    vault.revoke_all();
    EXPECT_THAT(read(store), StartsWith("permission_denied: "));  // the file has the same one still
    EXPECT_EQ(vault.count(kRead), 2);                             // and so it is not tried again
    runtime::write_file(file, "second\n", 0600);
    vault.allow("second");
    runtime::sleep_for(Session::kPause);
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_EQ(vault.last_header("x-vault-token"), "second");
  });
}

TEST(ScriptedVaultKubernetesLogin, reads_its_token_anew_for_each_login) {
  run_in(WorldKind::simulated, [] {
    ScriptedVault vault;
    vault.keep("shop/database", R"({"password": "hunter2"})");
    const tls::internal::TemporaryFolder folder;
    const std::string file = (folder.path() / "token").string();
    runtime::write_file(file, "first.jwt", 0600);
    VaultStore store(
        {.address = vault.address(), .auth = Auth::kubernetes, .role = "shop", .jwt_file = file, .insecure = true});
    std::vector<std::string> bodies;
    vault.script("POST auth/kubernetes/login", [&](http::Request& request, http::Response& response) {
      bodies.emplace_back(request.body());
      vault.allow("a-token", minutes(10));
      response.set_body(R"({"auth": {"client_token": "a-token", "lease_duration": 600}})", "application/json");
    });
    EXPECT_EQ(read(store), "hunter2");
    runtime::write_file(file, "second.jwt", 0600);
    runtime::sleep_for(minutes(20));
    EXPECT_EQ(read(store), "hunter2");
    EXPECT_THAT(bodies, ElementsAre(R"({"role":"shop","jwt":"first.jwt"})", R"({"role":"shop","jwt":"second.jwt"})"));
  });
}

}  // namespace
}  // namespace marty::vault
