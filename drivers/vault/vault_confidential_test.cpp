// What must not be shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vault/internal/scripted_vault.hpp"
#include "vault/vault.hpp"

namespace marty::vault {
namespace {

using http::internal::run_in;
using http::internal::WorldKind;
using internal::read;
using internal::ScriptedVault;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

// Whatever goes wrong, and whatever the server repeats of what it got: nothing of it is told.
TEST(ScriptedVaultErrors, hold_no_secret) {
  run_in(WorldKind::simulated, [] {
    std::vector<std::string> said;
    for (const int status : {200, 201, 301, 400, 401, 403, 404, 405, 429, 500, 503}) {
      for (const char* line : {"POST auth/approle/login", "POST auth/token/renew-self", "GET secret/data/shop/database",
                               "POST secret/data/shop/database"}) {
        for (const bool is_json : {true, false}) {
          ScriptedVault vault;
          vault.keep("shop/database", R"({"password": "hunter2"})");
          VaultStore store(vault.options());
          vault.script(line, [&](http::Request& request, http::Response& response) {
            const std::string echo = std::string(request.header("x-vault-token")) + " hunter2 hunter3 shop-secret-id";
            response.status = status;
            response.set_body(is_json ? R"({"errors": ["it says )" + echo + R"("]})" : echo, "application/json");
          });
          said.push_back(read(store));
          said.push_back(read(store, "shop/database#nothing"));
          runtime::sleep_for(std::chrono::seconds(450));
          said.push_back(read(store));
          try {
            store.write("shop/database", {{"password", Secret("hunter3")}});
          } catch (const Error& error) {
            said.push_back(error.message() + describe(std::current_exception()));
          }
        }
      }
    }
    std::erase(said, "hunter2");  // where it was read
    EXPECT_GT(said.size(), 100u);
    EXPECT_THAT(said, Each(AllOf(Not(HasSubstr("hunter3")), Not(HasSubstr("shop-secret-id")), Not(HasSubstr("token-1")),
                                 Not(HasSubstr("token-2")))));
  });
}

}  // namespace
}  // namespace marty::vault
