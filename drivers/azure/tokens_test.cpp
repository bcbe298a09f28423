// Where tokens come from, with a login and metadata services that the test scripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "azure/azure.hpp"
#include "azure/internal/scripted_azure.hpp"
#include "marty/runtime/world.hpp"

namespace marty::azure {
namespace {

using internal::is_read;
using internal::kClientSecret;
using internal::refusal;
using internal::ScriptedAnswer;
using internal::ScriptedAzure;
using internal::secret;
using internal::SeenRequest;
using internal::simulate;
using internal::token;
using secrets::internal::read;
using secrets::internal::read_at_once;
using secrets::internal::tells_nothing_of;
using secrets::internal::TokenFile;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

std::string bearer(const SeenRequest& request) { return request.header("authorization"); }

TEST(ScriptedLogin, exchanges_a_client_secret_once_for_all_fibers) {
  simulate([] {
    ScriptedAzure azure([](const SeenRequest& request) { return is_read(request) ? secret() : token("t1"); });
    Options options = azure.with_client_secret();
    options.client_secret = Secret("a&b=c +");
    const auto store = azure::store(options);
    EXPECT_THAT(read_at_once(*store, 10), Each("hunter2"));
    ASSERT_EQ(azure.seen.size(), 11u);
    EXPECT_EQ(azure.seen.front().target, "/tenant/oauth2/v2.0/token");
    EXPECT_EQ(azure.seen.front().header("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(azure.seen.front().body,
              "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2Fvault.azure.net%2F.default"
              "&client_secret=a%26b%3Dc%20%2B");
  });
}

TEST(ScriptedLogin, shares_a_token_among_all_loops) {
  runtime::World::real({.loops = 2})->run([] {
    ScriptedAzure azure([](const SeenRequest& request) { return is_read(request) ? secret() : token("t1"); });
    const auto store = azure::store(azure.with_client_secret());
    for (runtime::Loop* loop : runtime::World::current().loops())
      runtime::run_on(*loop, [&] { EXPECT_EQ(read(*store), "hunter2"); });
    EXPECT_EQ(azure.count("/tenant/oauth2/v2.0/token"), 1);
  });
}

TEST(ScriptedLogin, is_repeated_before_the_token_expires) {
  simulate([] {
    int logins = 0;
    ScriptedAzure azure([&](const SeenRequest& request) {
      return is_read(request) ? secret() : token("t" + std::to_string(++logins), 3600);
    });
    const auto store = azure::store(azure.with_client_secret());
    read(*store);
    runtime::sleep_for(std::chrono::minutes(54));
    read(*store);
    EXPECT_EQ(bearer(azure.seen.back()), "Bearer t1");
    runtime::sleep_for(std::chrono::minutes(2));
    read(*store);
    EXPECT_EQ(bearer(azure.seen.back()), "Bearer t2");
  });
}

TEST(ScriptedLogin, is_repeated_once_where_the_vault_does_not_take_the_token) {
  simulate([] {
    int logins = 0;
    ScriptedAzure azure([&](const SeenRequest& request) {
      if (!is_read(request)) return token("t" + std::to_string(++logins));
      return bearer(request) == "Bearer t1" ? refusal(401, "Unauthorized") : secret();
    });
    EXPECT_EQ(read(*azure::store(azure.with_client_secret())), "hunter2");
    EXPECT_EQ(logins, 2);
  });
}

TEST(ScriptedLogin, is_not_repeated_at_once_where_the_vault_takes_no_token) {
  simulate([] {
    int logins = 0;
    ScriptedAzure azure([&](const SeenRequest& request) {
      return is_read(request) ? refusal(401, "Unauthorized") : token("t" + std::to_string(++logins));
    });
    const auto store = azure::store(azure.with_client_secret());
    EXPECT_THAT(read_at_once(*store, 10), Each(StartsWith("unauthenticated: ")));
    EXPECT_EQ(logins, 2);
  });
}

TEST(ScriptedLogin, that_is_refused_is_not_repeated_at_once) {
  simulate([] {
    ScriptedAzure azure([](const SeenRequest&) {
      return ScriptedAnswer{401, R"({"error":"invalid_client","error_codes":[7000215],"error_description":"cLiEnT"})"};
    });
    const auto store = azure::store(azure.with_client_secret());
    const std::string said = read(*store);
    EXPECT_EQ(said, "unauthenticated: azure_key_vault: cannot log in: " + azure.endpoint() +
                        " answers 401 invalid_client AADSTS7000215");
    EXPECT_THAT(said, tells_nothing_of({std::string(kClientSecret)}));
    EXPECT_EQ(read(*store), said);
    EXPECT_THROW(store->check(), Error);
    EXPECT_EQ(azure.seen.size(), 1u);
  });
}

TEST(ScriptedLogin, may_be_out_of_order) {
  simulate([] {
    ScriptedAnswer answer;
    ScriptedAzure azure([&](const SeenRequest&) { return answer; });
    const auto store = azure::store(azure.with_client_secret());
    for (const ScriptedAnswer& given : std::vector<ScriptedAnswer>{
             {503, "busy"}, {429, ""}, {200, "junk"}, {200, "{}"}, {200, R"({"access_token":"t)", true}}) {
      answer = given;
      EXPECT_THAT(read(*store), StartsWith("unavailable: ")) << given.body;
    }
    answer = token("a\\nb");
    EXPECT_THAT(read(*store), AllOf(StartsWith("invalid_argument: "), tells_nothing_of({"a\nb"})));
  });
}

TEST(ScriptedLogin, takes_the_token_of_a_file_each_time) {
  simulate([] {
    const TokenFile file("first\n");
    ScriptedAzure azure([](const SeenRequest& request) { return is_read(request) ? secret() : token("t", 60); });
    const auto store = azure::store(azure.options(), {{"AZURE_TENANT_ID", "tenant"},
                                                      {"AZURE_CLIENT_ID", "app"},
                                                      {"AZURE_FEDERATED_TOKEN_FILE", file.path},
                                                      {"AZURE_AUTHORITY_HOST", "http://other/"}});
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_THAT(azure.seen.front().body,
                AllOf(HasSubstr("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-"
                                "bearer&client_assertion=first"),
                      Not(HasSubstr("client_secret"))));
    file.write("second");
    runtime::sleep_for(std::chrono::minutes(2));
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_THAT(azure.seen.at(2).body, HasSubstr("&client_assertion=second"));
  });
}

TEST(ScriptedLogin, of_the_environment_needs_all_of_it) {
  EXPECT_THROW(store({.vault_url = "https://v"}, {{"AZURE_CLIENT_SECRET", "s"}, {"AZURE_TENANT_ID", "t"}}), Error);
}

TEST(ScriptedLogin, of_the_environment_goes_by_the_rules_of_the_options) {
  const auto refused = [](const std::string& name, const std::string& value) {
    config::Variables variables = {{"AZURE_CLIENT_SECRET", "s"}, {"AZURE_CLIENT_ID", "app"}, {"AZURE_TENANT_ID", "t"}};
    if (name == "IDENTITY_ENDPOINT") variables = {{"IDENTITY_HEADER", "h"}};
    variables[name] = value;
    try {
      store({.vault_url = "https://v"}, variables);
    } catch (const Error& error) {
      return std::string(code_info(error.code()).name) + ": " + error.message();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused("AZURE_TENANT_ID", "tenant"), "nothing");
  EXPECT_THAT(refused("AZURE_TENANT_ID", "t/../u?"),
              StartsWith("invalid_argument: azure_key_vault: AZURE_TENANT_ID must "));
  EXPECT_EQ(refused("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"), "nothing");
  EXPECT_THAT(refused("AZURE_AUTHORITY_HOST", "http://login"),
              StartsWith("invalid_argument: azure_key_vault: AZURE_AUTHORITY_HOST is plain HTTP"));
  EXPECT_THAT(refused("AZURE_AUTHORITY_HOST", "https://login?x="), HasSubstr("AZURE_AUTHORITY_HOST is no URL"));
  EXPECT_EQ(refused("IDENTITY_ENDPOINT", "http://169.254.131.2:8081/msi/token"), "nothing");
  EXPECT_THAT(refused("IDENTITY_ENDPOINT", "http://elsewhere/"), HasSubstr("IDENTITY_ENDPOINT is plain HTTP"));
}

TEST(ScriptedManagedIdentity, of_a_virtual_machine) {
  simulate([] {
    ScriptedAzure azure([](const SeenRequest& request) {
      if (is_read(request)) return secret();
      return request.header("metadata") == "true" ? ScriptedAnswer{200, R"({"access_token":"t1","expires_in":"600"})"}
                                                  : ScriptedAnswer{400, ""};
    });
    const auto store = azure::store(azure.options(), {{"AZURE_CLIENT_ID", "user-assigned"}});
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(azure.seen.front().target,
              "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net"
              "&client_id=user-assigned");
    runtime::sleep_for(std::chrono::minutes(9));
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(azure.seen.size(), 4u);
  });
}

TEST(ScriptedManagedIdentity, of_app_service_expires_at_a_time) {
  simulate([] {
    ScriptedAzure azure([](const SeenRequest& request) {
      const auto in_ten_minutes = std::chrono::duration_cast<std::chrono::seconds>(
          (runtime::wall_now() + std::chrono::minutes(10)).time_since_epoch());
      return is_read(request) ? secret()
                              : ScriptedAnswer{200, R"({"access_token":"t1","expires_on":")" +
                                                        std::to_string(in_ten_minutes.count()) + "\"}"};
    });
    const auto store = azure::store(
        azure.options(), {{"IDENTITY_ENDPOINT", azure.endpoint() + "/msi/token"}, {"IDENTITY_HEADER", "hEaDeR"}});
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(azure.seen.front().target, "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net");
    EXPECT_EQ(azure.seen.front().header("x-identity-header"), "hEaDeR");
    runtime::sleep_for(std::chrono::minutes(7));
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(azure.seen.size(), 3u);
    runtime::sleep_for(std::chrono::minutes(2));
    EXPECT_EQ(read(*store), "hunter2");
    EXPECT_EQ(azure.seen.size(), 5u);
  });
}

TEST(ScriptedManagedIdentity, may_be_missing_or_updated) {
  simulate([] {
    ScriptedAnswer answer;
    ScriptedAzure azure([&](const SeenRequest&) { return answer; });
    const auto store = azure::store(azure.options());
    answer = {410, ""};
    EXPECT_THAT(read(*store), StartsWith("unavailable: "));
    answer = {400, R"({"error":"invalid_request","error_description":"Identity not found"})"};
    EXPECT_THAT(read(*store), AllOf(StartsWith("unauthenticated: azure_key_vault: has no client secret"),
                                    HasSubstr("400 invalid_request")));
  });
}

}  // namespace
}  // namespace marty::azure
