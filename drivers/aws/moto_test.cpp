// The store against moto, an independent emulator of AWS that checks signatures and policies (scripts/tools installs
// it): the contract of every store, and what only another implementation can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/aws.hpp"
#include "marty/secrets/internal/contract_suite.hpp"
#include "marty/secrets/internal/server_program.hpp"
#include "marty/secrets/internal/test_support.hpp"

namespace marty::aws {

using secrets::internal::read;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

enum class Login { keys, web_identity };

class Moto final : public secrets::contract::Backend {
 public:
  Moto(const char* name, Login login) : name_(name), login_(login) {}

  const char* name() const override { return name_; }
  std::string missing() override { return program_.missing(); }
  std::unique_ptr<secrets::Store> store() override { return aws::store(options()); }
  void put(const std::string& path, const std::map<std::string, std::string>& fields) override {
    json::Value data = json::Value::object();
    for (const auto& [name, value] : fields) data[name] = value;
    program_.call("write", {{"path", path}, {"data", data}});
  }
  void stop() override { program_.call("stop"); }
  void start() override { program_.call("start"); }

  std::string said(std::string_view name) { return program_.said("aws")[name].as_string(); }
  json::Value call(std::string_view command, json::Value::Object arguments = {}) {
    return program_.call(command, std::move(arguments));
  }
  Options options() {
    Options options{.region = said("region"), .endpoint = said("address"), .sts_endpoint = said("address")};
    if (login_ == Login::keys) {
      options.access_key_id = said("access_key_id");
      options.secret_access_key = Secret(said("secret_access_key"));
    } else {
      options.role_arn = said("role_arn");
      options.web_identity_token_file = said("token_file");
    }
    return options;
  }

 private:
  const char* name_;
  Login login_;
  secrets::internal::ServerProgram program_{MARTY_SECRET_SERVERS, {"aws"}};
};

Moto by_keys("MotoByKeys", Login::keys);
Moto by_web_identity("MotoByWebIdentity", Login::web_identity);

class MotoTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = by_keys.missing(); !reason.empty()) GTEST_SKIP() << reason;
  }
  static void run(const std::function<void()>& body) { runtime::World::real({.loops = 1})->run(body); }
};

TEST_F(MotoTest, tells_the_version) {
  run([] {
    by_keys.put("shop/version", {{"token", "t"}});
    const auto found = by_keys.store()->get(secrets::Key::parse("shop/version"));
    EXPECT_EQ(found->version, "00000000-0000-4000-8000-000000000001");
    EXPECT_EQ(found->value.reveal(), R"({"token": "t"})");
  });
}

TEST_F(MotoTest, refuses_another_key_and_says_why_that_may_be) {
  run([] {
    by_keys.put("shop/refused", {{"token", "t"}});
    Options options = by_keys.options();
    options.secret_access_key = Secret("another");
    const auto store = aws::store(options);
    EXPECT_THAT(
        read(*store, "shop/refused"),
        AllOf(StartsWith("unauthenticated: aws_secrets_manager: cannot read shop/refused"), HasSubstr("clocks")));
    EXPECT_THROW(store->check(), Error);
    options.access_key_id = "AKIAUNKNOWN";
    EXPECT_THAT(read(*aws::store(options), "shop/refused"), StartsWith("unauthenticated: "));
  });
}

TEST_F(MotoTest, refuses_who_may_not) {
  run([] {
    by_keys.put("shop/denied", {{"token", "t"}});
    Options options = by_keys.options();
    options.access_key_id = by_keys.said("stranger_access_key_id");
    options.secret_access_key = Secret(by_keys.said("stranger_secret_access_key"));
    const auto store = aws::store(options);
    EXPECT_THAT(read(*store, "shop/denied"),
                AllOf(StartsWith("permission_denied: "), HasSubstr("secretsmanager:GetSecretValue")));
    EXPECT_NO_THROW(store->check());
  });
}

TEST_F(MotoTest, has_no_secret_that_was_deleted) {
  run([] {
    by_keys.put("shop/deleted", {{"token", "t"}});
    const auto store = by_keys.store();
    EXPECT_EQ(read(*store, "shop/deleted#token"), "t");
    by_keys.call("delete", {{"path", "shop/deleted"}});
    EXPECT_EQ(read(*store, "shop/deleted#token"), "(nothing)");
  });
}

TEST_F(MotoTest, refuses_a_web_identity_that_is_not_the_one_of_now) {
  run([] {
    by_web_identity.put("shop/sts", {{"token", "t"}});
    const secrets::internal::TokenFile file(by_web_identity.said("token"));
    Options options = by_web_identity.options();
    options.web_identity_token_file = file.path;
    EXPECT_EQ(read(*aws::store(options), "shop/sts#token"), "t");
    by_web_identity.call("rotate_token");
    EXPECT_THAT(read(*aws::store(options), "shop/sts#token"),
                AllOf(StartsWith("unauthenticated: "), HasSubstr("InvalidIdentityToken")));
    EXPECT_EQ(read(*by_web_identity.store(), "shop/sts#token"), "t");
  });
}

}  // namespace
}  // namespace marty::aws

namespace marty::secrets::contract {
INSTANTIATE_TEST_SUITE_P(Aws, StoreContract, testing::Values(&aws::by_keys, &aws::by_web_identity), name_of);
INSTANTIATE_TEST_SUITE_P(Aws, StoreOutageContract, testing::Values(&aws::by_keys, &aws::by_web_identity), name_of);
}  // namespace marty::secrets::contract
